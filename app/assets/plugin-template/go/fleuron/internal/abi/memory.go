// Package abi is how values pass between the plugin and the site: the canonical ABI of the component model, for the types
// of the contract.
package abi

import (
	"runtime/debug"
	"unsafe"
)

// While the site puts something into this plugin's memory it cannot be called. A collection that began then would want to
// run other goroutines, so the collector is switched off whenever the site may do that: between the hooks, for their
// arguments, and during the plugin's own calls, for the answers. And the allocator asks for the time now and then; what
// stands between Go and the site answers it by itself while the byte at this address is not 0. It lies in the 8 KiB before
// Go's data that Go uses in browsers only.
const busyAddress = 4160

// What the site has put here. A call's first allocations come before its hook is entered, for its arguments, and its answer
// is read after the hook has returned; so the call before is forgotten when the next one begins. What the plugin keeps a
// part of stays.
var (
	given      [][]byte
	callIsOver bool
	percent    = debug.SetGCPercent(-1)
)

// Small pieces share one.
const chunkSize = 16 << 10

// Begin is called when a hook is entered.
func Begin() {
	forget()
	debug.SetGCPercent(percent)
}

// End is called before a hook returns.
func End() {
	callIsOver = true
	debug.SetGCPercent(-1)
}

// Leave is called before the plugin calls the site.
func Leave() { debug.SetGCPercent(-1) }

// Return is called after the plugin called the site.
func Return() { debug.SetGCPercent(percent) }

func forget() {
	if callIsOver {
		callIsOver = false
		clear(given)
		given = given[:0]
	}
}

// Reallocate is what the site calls to put something into this plugin's memory.
func Reallocate(old unsafe.Pointer, oldSize, alignment, size uint32) unsafe.Pointer {
	if old != nil && size <= oldSize {
		return old
	}
	forget()
	busy := (*byte)(unsafe.Add(unsafe.Pointer(nil), busyAddress))
	*busy = 1
	memory := allocate(int(size), int(alignment))
	*busy = 0
	if old != nil {
		copy(unsafe.Slice((*byte)(memory), size), unsafe.Slice((*byte)(old), oldSize))
	}
	return memory
}

func allocate(size, alignment int) unsafe.Pointer {
	if size >= chunkSize/4 {
		// Large pieces begin at a page.
		given = append(given, make([]byte, size))
		return unsafe.Pointer(unsafe.SliceData(given[len(given)-1]))
	}
	used := (len(current) + alignment - 1) / alignment * alignment
	if used+size > cap(current) {
		current = make([]byte, 0, chunkSize)
		given = append(given, current[:chunkSize])
		used = 0
	}
	current = current[:used+size]
	return unsafe.Add(unsafe.Pointer(unsafe.SliceData(current)), used)
}

// The chunk in use: its length is what is taken.
var current []byte
