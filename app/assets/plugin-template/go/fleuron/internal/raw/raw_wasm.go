// Package raw is the contract's imports as they are passed: addresses and lengths, and the address that an answer goes to.
package raw

import "unsafe"

//go:wasmimport raisfast:plugin-wit/host-api log
func Log(level unsafe.Pointer, levelSize uint32, message unsafe.Pointer, messageSize uint32)

//go:wasmimport raisfast:plugin-wit/host-api get-config
func GetConfig(key unsafe.Pointer, keySize uint32, answer unsafe.Pointer)

//go:wasmimport raisfast:plugin-wit/host-api http-get
func HTTPGet(url unsafe.Pointer, urlSize uint32, answer unsafe.Pointer)

//go:wasmimport raisfast:plugin-wit/host-api http-post
func HTTPPost(url unsafe.Pointer, urlSize uint32, body unsafe.Pointer, bodySize uint32, answer unsafe.Pointer)

//go:wasmimport raisfast:plugin-wit/host-api get-data
func GetData(key unsafe.Pointer, keySize uint32, answer unsafe.Pointer)

//go:wasmimport raisfast:plugin-wit/host-api set-data
func SetData(key unsafe.Pointer, keySize uint32, value unsafe.Pointer, valueSize uint32) uint32

//go:wasmimport raisfast:plugin-wit/host-api get-post
func GetPost(slug unsafe.Pointer, slugSize uint32, answer unsafe.Pointer)

//go:wasmimport raisfast:plugin-wit/host-api db-query
func DBQuery(
	sql unsafe.Pointer, sqlSize, given uint32, params unsafe.Pointer, paramsSize uint32, answer unsafe.Pointer,
)

//go:wasmimport raisfast:plugin-wit/host-api db-execute
func DBExecute(
	sql unsafe.Pointer, sqlSize, given uint32, params unsafe.Pointer, paramsSize uint32, answer unsafe.Pointer,
)

//go:wasmimport raisfast:plugin-wit/host-api db-begin
func DBBegin(answer unsafe.Pointer)

//go:wasmimport raisfast:plugin-wit/host-api db-commit
func DBCommit(answer unsafe.Pointer)

//go:wasmimport raisfast:plugin-wit/host-api db-rollback
func DBRollback(answer unsafe.Pointer)

//go:wasmimport raisfast:plugin-wit/host-api vfs-read
func VFSRead(path unsafe.Pointer, pathSize uint32, answer unsafe.Pointer)

//go:wasmimport raisfast:plugin-wit/host-api vfs-write
func VFSWrite(path unsafe.Pointer, pathSize uint32, content unsafe.Pointer, contentSize uint32) uint32

//go:wasmimport raisfast:plugin-wit/host-api vfs-delete
func VFSDelete(path unsafe.Pointer, pathSize uint32) uint32

//go:wasmimport raisfast:plugin-wit/host-api vfs-exists
func VFSExists(path unsafe.Pointer, pathSize uint32) uint32

//go:wasmimport raisfast:plugin-wit/host-api vfs-list
func VFSList(path unsafe.Pointer, pathSize uint32, answer unsafe.Pointer)

//go:wasmimport raisfast:plugin-wit/host-api vfs-stat
func VFSStat(path unsafe.Pointer, pathSize uint32, answer unsafe.Pointer)

//go:wasmimport raisfast:plugin-wit/host-api emit-event
func EmitEvent(
	eventType unsafe.Pointer, typeSize uint32, data unsafe.Pointer, dataSize uint32, answer unsafe.Pointer,
)

//go:wasmimport fleuron:host/verdict@0.1.0 refuse
func Refuse(code unsafe.Pointer, codeSize uint32, message unsafe.Pointer, messageSize uint32)

//go:wasmimport fleuron:host/verdict@0.1.0 hold
func Hold()

//go:wasmimport fleuron:host/context@0.1.0 current
func CurrentCall(answer unsafe.Pointer)

//go:wasmimport fleuron:host/data@0.1.0 insert
func Insert(table unsafe.Pointer, tableSize uint32, row unsafe.Pointer, fields uint32, answer unsafe.Pointer)

//go:wasmimport fleuron:host/data@0.1.0 fetch-one
func FetchOne(
	table unsafe.Pointer, tableSize uint32, where unsafe.Pointer, conditions uint32, order unsafe.Pointer, orders, someLimit, limit, someOffset, offset uint32, answer unsafe.Pointer,
)

//go:wasmimport fleuron:host/data@0.1.0 fetch-all
func FetchAll(
	table unsafe.Pointer, tableSize uint32, where unsafe.Pointer, conditions uint32, order unsafe.Pointer, orders, someLimit, limit, someOffset, offset uint32, answer unsafe.Pointer,
)

//go:wasmimport fleuron:host/data@0.1.0 update
func Update(
	table unsafe.Pointer, tableSize uint32, changes unsafe.Pointer, fields uint32, where unsafe.Pointer, conditions uint32, answer unsafe.Pointer,
)

//go:wasmimport fleuron:host/data@0.1.0 delete
func Delete(
	table unsafe.Pointer, tableSize uint32, where unsafe.Pointer, conditions uint32, answer unsafe.Pointer,
)

//go:wasmimport fleuron:host/data@0.1.0 count
func Count(
	table unsafe.Pointer, tableSize uint32, where unsafe.Pointer, conditions uint32, answer unsafe.Pointer,
)

//go:wasmimport fleuron:host/data@0.1.0 increment
func Increment(
	table unsafe.Pointer, tableSize uint32, column unsafe.Pointer, columnSize uint32, by int64, where unsafe.Pointer, conditions uint32, answer unsafe.Pointer,
)

//go:wasmimport fleuron:host/data@0.1.0 sum
func Sum(
	table unsafe.Pointer, tableSize uint32, column unsafe.Pointer, columnSize uint32, where unsafe.Pointer, conditions uint32, answer unsafe.Pointer,
)

//go:wasmimport fleuron:host/data@0.1.0 group-by
func GroupBy(
	table unsafe.Pointer, tableSize uint32, column unsafe.Pointer, columnSize, aggregate uint32, aggregated unsafe.Pointer, aggregatedSize uint32, where unsafe.Pointer, conditions uint32, answer unsafe.Pointer,
)

//go:wasmimport fleuron:host/data@0.1.0 new-id
func NewID(answer unsafe.Pointer)
