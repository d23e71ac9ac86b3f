package coding

import (
	"encoding/binary"
	"math"

	"github.com/cespare/xxhash/v2"

	"github.com/quoll/quoll/kql/native"
	"github.com/quoll/quoll/kql/types"
)

// hashFunctions are hash() for each kind of value, under names of the
// compiler's own, and hash_combine().
func hashFunctions() []native.Function {
	hash := func(name string, of types.Type, call func(arg any) ([]byte, bool)) native.Function {
		return native.Function{Name: name, Params: []types.Type{of, types.Long}, Result: types.Long, Call: func(args []any) (any, error) {
			data, ok := call(args[0])
			if !ok {
				return nil, nil
			}
			return modulo(int64(xxhash.Sum64(data)), args[1]), nil
		}}
	}
	return []native.Function{
		hash("hash_of_string", types.String, func(arg any) ([]byte, bool) { s, _ := arg.(string); return []byte(s), true }),
		hash("hash_of_long", types.Long, func(arg any) ([]byte, bool) {
			n, ok := arg.(int64)
			return binary.LittleEndian.AppendUint64(nil, uint64(n)), ok
		}),
		hash("hash_of_int", types.Int, func(arg any) ([]byte, bool) {
			n, ok := arg.(int32)
			return binary.LittleEndian.AppendUint32(nil, uint32(n)), ok
		}),
		hash("hash_of_real", types.Real, func(arg any) ([]byte, bool) {
			f, ok := arg.(float64)
			return binary.LittleEndian.AppendUint64(nil, math.Float64bits(f)), ok
		}),
		hash("hash_of_bool", types.Bool, func(arg any) ([]byte, bool) {
			b, ok := arg.(bool)
			if b {
				return []byte{1}, ok
			}
			return []byte{0}, ok
		}),
		hash("hash_of_guid", types.Guid, func(arg any) ([]byte, bool) {
			s, _ := arg.(string)
			return storedGUID(s)
		}),
		{Name: "hash_combine", Params: []types.Type{types.Long}, Variadic: true, Result: types.Long, Call: combine},
	}
}

// modulo keeps a hash below mod and not below zero; null for a mod that is
// not above zero.
func modulo(hash int64, mod any) any {
	m, given := mod.(int64)
	switch {
	case !given:
		return hash
	case m <= 0:
		return nil
	}
	return (hash%m + m) % m
}

// combine makes one hash of several. Their order counts. Null counts as zero.
func combine(args []any) (any, error) {
	var data []byte
	for _, a := range args {
		n, _ := a.(int64)
		data = binary.LittleEndian.AppendUint64(data, uint64(n))
	}
	return int64(xxhash.Sum64(data)), nil
}
