//go:build !wasm

package raw

import "unsafe"

// Outside of a site, as in tests on the author's machine, there is nobody to call.
func noSite() { panic("the host's functions work within a site only") }

// Log panics.
func Log(level unsafe.Pointer, levelSize uint32, message unsafe.Pointer, messageSize uint32) {
	noSite()
}

// GetConfig panics.
func GetConfig(key unsafe.Pointer, keySize uint32, answer unsafe.Pointer) { noSite() }

// HTTPGet panics.
func HTTPGet(url unsafe.Pointer, urlSize uint32, answer unsafe.Pointer) { noSite() }

// HTTPPost panics.
func HTTPPost(url unsafe.Pointer, urlSize uint32, body unsafe.Pointer, bodySize uint32, answer unsafe.Pointer) {
	noSite()
}

// GetData panics.
func GetData(key unsafe.Pointer, keySize uint32, answer unsafe.Pointer) { noSite() }

// SetData panics.
func SetData(key unsafe.Pointer, keySize uint32, value unsafe.Pointer, valueSize uint32) uint32 {
	noSite()
	return 0
}

// GetPost panics.
func GetPost(slug unsafe.Pointer, slugSize uint32, answer unsafe.Pointer) { noSite() }

// DBQuery panics.
func DBQuery(
	sql unsafe.Pointer, sqlSize, given uint32, params unsafe.Pointer, paramsSize uint32, answer unsafe.Pointer,
) {
	noSite()
}

// DBExecute panics.
func DBExecute(
	sql unsafe.Pointer, sqlSize, given uint32, params unsafe.Pointer, paramsSize uint32, answer unsafe.Pointer,
) {
	noSite()
}

// DBBegin panics.
func DBBegin(answer unsafe.Pointer) { noSite() }

// DBCommit panics.
func DBCommit(answer unsafe.Pointer) { noSite() }

// DBRollback panics.
func DBRollback(answer unsafe.Pointer) { noSite() }

// VFSRead panics.
func VFSRead(path unsafe.Pointer, pathSize uint32, answer unsafe.Pointer) { noSite() }

// VFSWrite panics.
func VFSWrite(path unsafe.Pointer, pathSize uint32, content unsafe.Pointer, contentSize uint32) uint32 {
	noSite()
	return 0
}

// VFSDelete panics.
func VFSDelete(path unsafe.Pointer, pathSize uint32) uint32 {
	noSite()
	return 0
}

// VFSExists panics.
func VFSExists(path unsafe.Pointer, pathSize uint32) uint32 {
	noSite()
	return 0
}

// VFSList panics.
func VFSList(path unsafe.Pointer, pathSize uint32, answer unsafe.Pointer) { noSite() }

// VFSStat panics.
func VFSStat(path unsafe.Pointer, pathSize uint32, answer unsafe.Pointer) { noSite() }

// EmitEvent panics.
func EmitEvent(
	eventType unsafe.Pointer, typeSize uint32, data unsafe.Pointer, dataSize uint32, answer unsafe.Pointer,
) {
	noSite()
}

// Refuse panics.
func Refuse(code unsafe.Pointer, codeSize uint32, message unsafe.Pointer, messageSize uint32) {
	noSite()
}

// Hold panics.
func Hold() { noSite() }

// CurrentCall panics.
func CurrentCall(answer unsafe.Pointer) { noSite() }

// Insert panics.
func Insert(table unsafe.Pointer, tableSize uint32, row unsafe.Pointer, fields uint32, answer unsafe.Pointer) {
	noSite()
}

// FetchOne panics.
func FetchOne(
	table unsafe.Pointer, tableSize uint32, where unsafe.Pointer, conditions uint32, order unsafe.Pointer, orders, someLimit, limit, someOffset, offset uint32, answer unsafe.Pointer,
) {
	noSite()
}

// FetchAll panics.
func FetchAll(
	table unsafe.Pointer, tableSize uint32, where unsafe.Pointer, conditions uint32, order unsafe.Pointer, orders, someLimit, limit, someOffset, offset uint32, answer unsafe.Pointer,
) {
	noSite()
}

// Update panics.
func Update(
	table unsafe.Pointer, tableSize uint32, changes unsafe.Pointer, fields uint32, where unsafe.Pointer, conditions uint32, answer unsafe.Pointer,
) {
	noSite()
}

// Delete panics.
func Delete(
	table unsafe.Pointer, tableSize uint32, where unsafe.Pointer, conditions uint32, answer unsafe.Pointer,
) {
	noSite()
}

// Count panics.
func Count(
	table unsafe.Pointer, tableSize uint32, where unsafe.Pointer, conditions uint32, answer unsafe.Pointer,
) {
	noSite()
}

// Increment panics.
func Increment(
	table unsafe.Pointer, tableSize uint32, column unsafe.Pointer, columnSize uint32, by int64, where unsafe.Pointer, conditions uint32, answer unsafe.Pointer,
) {
	noSite()
}

// Sum panics.
func Sum(
	table unsafe.Pointer, tableSize uint32, column unsafe.Pointer, columnSize uint32, where unsafe.Pointer, conditions uint32, answer unsafe.Pointer,
) {
	noSite()
}

// GroupBy panics.
func GroupBy(
	table unsafe.Pointer, tableSize uint32, column unsafe.Pointer, columnSize, aggregate uint32, aggregated unsafe.Pointer, aggregatedSize uint32, where unsafe.Pointer, conditions uint32, answer unsafe.Pointer,
) {
	noSite()
}

// NewID panics.
func NewID(answer unsafe.Pointer) { noSite() }
