package abi

import "unsafe"

// Reader reads the fields of a record, one after the other, where they lie in memory.
type Reader struct {
	at     unsafe.Pointer
	offset uint32
}

// ReaderAt reads from an address.
func ReaderAt(at unsafe.Pointer) *Reader { return &Reader{at: at} }

// Align goes on to the next address that a type with this alignment may lie at.
func (r *Reader) Align(alignment uint32) {
	r.offset = (r.offset + alignment - 1) / alignment * alignment
}

// Skip passes over bytes.
func (r *Reader) Skip(size uint32) { r.offset += size }

func (r *Reader) next(size uint32) unsafe.Pointer {
	r.Align(size)
	at := unsafe.Add(r.at, r.offset)
	r.offset += size
	return at
}

// U8 reads a byte, or which case it is.
func (r *Reader) U8() uint8 { return *(*uint8)(r.next(1)) }

// U32 reads a u32.
func (r *Reader) U32() uint32 { return *(*uint32)(r.next(4)) }

// U64 reads a u64.
func (r *Reader) U64() uint64 { return *(*uint64)(r.next(8)) }

// S64 reads an s64.
func (r *Reader) S64() int64 { return *(*int64)(r.next(8)) }

// F64 reads an f64.
func (r *Reader) F64() float64 { return *(*float64)(r.next(8)) }

// String reads a string, which stays where it is.
func (r *Reader) String() string {
	at, length := r.U32(), r.U32()
	return StringAt(pointer(at), length)
}

// Bytes reads a list of bytes, which stays where it is.
func (r *Reader) Bytes() []byte {
	at, length := r.U32(), r.U32()
	return unsafe.Slice((*byte)(pointer(at)), length)
}

// OptionString reads an optional string.
func (r *Reader) OptionString() *string {
	r.Align(4)
	some := r.U8()
	text := r.String()
	if some == 0 {
		return nil
	}
	return &text
}

// OptionStrings reads an optional list of strings; it is nil when there is none, and not nil when it is empty.
func (r *Reader) OptionStrings() []string {
	r.Align(4)
	some := r.U8()
	items, length := r.List()
	if some == 0 {
		return nil
	}
	return Strings(items, length)
}

// OptionS64 reads an optional s64.
func (r *Reader) OptionS64() *int64 {
	r.Align(8)
	some := r.U8()
	number := r.S64()
	if some == 0 {
		return nil
	}
	return &number
}

// List reads a list, and answers a reader of its items and how many there are.
func (r *Reader) List() (*Reader, uint32) {
	at, length := r.U32(), r.U32()
	return ReaderAt(pointer(at)), length
}

// Strings reads a list of strings.
func Strings(items *Reader, length uint32) []string {
	strings := make([]string, length)
	for i := range strings {
		strings[i] = items.String()
	}
	return strings
}

// StringAt is a string that lies in memory.
func StringAt(at unsafe.Pointer, length uint32) string {
	if length == 0 {
		return ""
	}
	return unsafe.String((*byte)(at), length)
}

// OptionStringAt is an optional string whose parts are passed one by one.
func OptionStringAt(some uint32, at unsafe.Pointer, length uint32) *string {
	if some == 0 {
		return nil
	}
	text := StringAt(at, length)
	return &text
}

func pointer(address uint32) unsafe.Pointer { return unsafe.Add(unsafe.Pointer(nil), address) }
