package abi

import "unsafe"

// Writer writes the fields of records, one after the other, as they lie in memory.
type Writer struct {
	bytes []byte
	// What the written addresses point to, so that it stays.
	kept []any
}

// NewWriter makes room for bytes: all that is written, as nothing is moved.
func NewWriter(size int) *Writer {
	// In words, for the alignment.
	words := make([]uint64, (size+7)/8)
	return &Writer{bytes: unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(words))), 8*len(words))[:0]}
}

// At is the address of what was written.
func (w *Writer) At() unsafe.Pointer { return unsafe.Pointer(unsafe.SliceData(w.bytes)) }

// Align goes on to the next address that a type with this alignment may lie at.
func (w *Writer) Align(alignment int) {
	w.bytes = w.bytes[:(len(w.bytes)+alignment-1)/alignment*alignment]
}

func (w *Writer) next(size int) unsafe.Pointer {
	w.Align(size)
	w.bytes = w.bytes[:len(w.bytes)+size]
	return unsafe.Pointer(&w.bytes[len(w.bytes)-size])
}

// U8 writes a byte, or which case it is.
func (w *Writer) U8(value uint8) { *(*uint8)(w.next(1)) = value }

// Bool writes a boolean.
func (w *Writer) Bool(value bool) {
	if value {
		w.U8(1)
	} else {
		w.U8(0)
	}
}

// U32 writes a u32.
func (w *Writer) U32(value uint32) { *(*uint32)(w.next(4)) = value }

// S64 writes an s64.
func (w *Writer) S64(value int64) { *(*int64)(w.next(8)) = value }

// F64 writes an f64.
func (w *Writer) F64(value float64) { *(*float64)(w.next(8)) = value }

// Skip passes over bytes that do not matter.
func (w *Writer) Skip(size int) { w.bytes = w.bytes[:len(w.bytes)+size] }

// String writes a string, which stays where it is.
func (w *Writer) String(text string) {
	w.list(Text(text), len(text))
	w.kept = append(w.kept, text)
}

// Bytes writes a list of bytes, which stays where it is.
func (w *Writer) Bytes(bytes []byte) {
	w.list(unsafe.Pointer(unsafe.SliceData(bytes)), len(bytes))
	w.kept = append(w.kept, bytes)
}

// List writes a list out of items that another writer wrote.
func (w *Writer) List(items *Writer, length int) {
	w.list(items.At(), length)
	w.kept = append(w.kept, items)
}

func (w *Writer) list(at unsafe.Pointer, length int) {
	w.U32(address(at))
	w.U32(uint32(length))
}

// OptionString writes an optional string.
func (w *Writer) OptionString(text *string) {
	w.Align(4)
	w.Bool(text != nil)
	if text == nil {
		w.Align(4)
		w.Skip(8)
	} else {
		w.String(*text)
	}
}

// OptionStrings writes an optional list of strings.
func (w *Writer) OptionStrings(strings []string) {
	w.Align(4)
	w.Bool(strings != nil)
	items := NewWriter(8 * len(strings))
	for _, text := range strings {
		items.String(text)
	}
	w.List(items, len(strings))
}

// WriteAnswer writes a filter's answer, whose record has this size, or that there is none. It stays until the next one.
func WriteAnswer[T any](size int, write func(*Writer, T), answer T, changed bool) unsafe.Pointer {
	last = NewWriter(4 + size)
	last.Bool(changed)
	if changed {
		last.Align(4)
		write(last, answer)
	}
	return last.At()
}

var last *Writer

// Answer is room that the site writes an answer into.
type Answer struct{ words *[16]uint64 }

// NewAnswer makes room for any answer of the contract.
func NewAnswer() Answer { return Answer{new([16]uint64)} }

// At is the address of the room.
func (a Answer) At() unsafe.Pointer { return unsafe.Pointer(a.words) }

// Read reads what the site wrote.
func (a Answer) Read() *Reader { return ReaderAt(a.At()) }

// Text is the address of a string's bytes.
func Text(text string) unsafe.Pointer { return unsafe.Pointer(unsafe.StringData(text)) }

// Size is the length of a string in bytes.
func Size(text string) uint32 { return uint32(len(text)) }

func address(at unsafe.Pointer) uint32 { return uint32(uintptr(at)) }
