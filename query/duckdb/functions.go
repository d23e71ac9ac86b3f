package duckdb

/*
#cgo CFLAGS: -O2 -std=c11 -Wall
#include <stdlib.h>
#include "functions.h"
#include "json_path.h"
#include "text.h"
*/
import "C"

import (
	"errors"
	"fmt"
	"maps"
	"strings"
	"unsafe"

	"github.com/duckdb/duckdb-go/v2"
)

//go:generate go run ./internal/unicodetable

// textFunctions are Kusto's string operators as functions of the engine, each
// (text VARCHAR, needle VARCHAR) -> BOOLEAN, never null.
//
// Case is folded as .NET's ordinal comparison does it, which is what Kusto is
// built on: every code point to its simple upper case, none from outside of
// ASCII into it. So "ß" is not "ss", and the Kelvin sign is not "k".
//
// A term is a run of letters and digits of any script. has finds the needle
// where neither neighbour is a letter or digit; on a side where the needle
// itself begins or ends with another character no boundary is needed, so
// "setup.exe" has ".exe". The underscore is no letter: "a_b" has "b". The
// empty needle is in every text.
var textFunctions = map[string]C.int{
	"quoll_equals":        C.TEXT_FOLD | C.TEXT_BEGIN | C.TEXT_END, // =~
	"quoll_has":           C.TEXT_FOLD | C.TEXT_LEFT | C.TEXT_RIGHT,
	"quoll_has_cs":        C.TEXT_LEFT | C.TEXT_RIGHT,
	"quoll_hasprefix":     C.TEXT_FOLD | C.TEXT_LEFT,
	"quoll_hasprefix_cs":  C.TEXT_LEFT,
	"quoll_hassuffix":     C.TEXT_FOLD | C.TEXT_RIGHT,
	"quoll_hassuffix_cs":  C.TEXT_RIGHT,
	"quoll_contains":      C.TEXT_FOLD,
	"quoll_contains_cs":   0,
	"quoll_startswith":    C.TEXT_FOLD | C.TEXT_BEGIN,
	"quoll_startswith_cs": C.TEXT_BEGIN,
	"quoll_endswith":      C.TEXT_FOLD | C.TEXT_END,
	"quoll_endswith_cs":   C.TEXT_END,
}

// documentFunctions are those of them that look into a text of JSON as it is stored, for
// what is within one string of it: as quoll_stored_has they are false only where the
// document as the engine writes it cannot have that, as quoll_surely_has true only where
// it has.
var documentFunctions = []string{
	"quoll_has", "quoll_has_cs", "quoll_hasprefix", "quoll_hasprefix_cs", "quoll_hassuffix", "quoll_hassuffix_cs", "quoll_contains",
}

// modes are the functions of texts and documents by name.
func modes() map[string]C.int {
	all := maps.Clone(textFunctions)
	for _, name := range documentFunctions {
		short := strings.TrimPrefix(name, "quoll_")
		all["quoll_stored_"+short] = textFunctions[name] | C.TEXT_STORED
		all["quoll_surely_"+short] = textFunctions[name] | C.TEXT_SURE
	}
	return all
}

// registerFunctions adds the functions to the database that conn is connected
// to. All its connections see them.
func registerFunctions(conn any) error {
	raw, err := connectionPointer(conn)
	if err != nil {
		return err
	}
	if !C.quoll_register_json(raw) {
		return errors.New("register function quoll_json_text: refused by DuckDB")
	}
	for name, mode := range modes() {
		cName := C.CString(name)
		ok := C.quoll_register_text(raw, cName, mode)
		C.free(unsafe.Pointer(cName))
		if !ok {
			return fmt.Errorf("register function %s: refused by DuckDB", name)
		}
	}
	return nil
}

// connectionPointer returns the duckdb_connection of a driver connection. The
// driver keeps it in the first field of its Conn and gives no access to it;
// the version of the driver is pinned, and every start of the engine runs this.
func connectionPointer(conn any) (unsafe.Pointer, error) {
	c, ok := conn.(*duckdb.Conn)
	if !ok || c == nil {
		return nil, fmt.Errorf("connection is a %T, not the DuckDB driver's", conn)
	}
	return *(*unsafe.Pointer)(unsafe.Pointer(c)), nil
}

// textMatches runs the comparison behind a text function.
func textMatches(function, text, needle string) bool {
	mode, ok := textFunctions[function]
	if !ok {
		panic("no text function " + function)
	}
	return matches(mode, text, needle)
}

// matches runs a comparison of a mode.
func matches(mode C.int, text, needle string) bool {
	cText, cNeedle := C.CString(text), C.CString(needle)
	defer C.free(unsafe.Pointer(cText))
	defer C.free(unsafe.Pointer(cNeedle))
	return bool(C.quoll_text_matches(cText, C.long(len(text)), cNeedle, C.long(len(needle)), mode))
}

// jsonPathText runs the function behind quoll_json_text.
func jsonPathText(text, path string) (string, bool) {
	cText, cPath := C.CString(text), C.CString(path)
	defer C.free(unsafe.Pointer(cText))
	defer C.free(unsafe.Pointer(cPath))
	var buffer C.json_buffer
	defer func() { C.free(unsafe.Pointer(buffer.data)) }()
	var result *C.char
	var length C.size_t
	if !C.json_path_text(cText, C.size_t(len(text)), cPath, C.size_t(len(path)), &buffer, &result, &length) {
		return "", false
	}
	return C.GoStringN(result, C.int(length)), true
}
