package network

import (
	"math/bits"
	"strconv"
	"strings"

	"github.com/quoll/quoll/kql/native"
	"github.com/quoll/quoll/kql/types"
)

// ipv4 is an address and the length of its prefix, 32 where none was written.
type ipv4 struct {
	address uint32
	prefix  int
}

func ipv4Functions() []native.Function {
	one := []types.Type{types.String}
	pair := []types.Type{types.String, types.String}
	number := []types.Type{types.String, types.Long}
	either := []types.Type{types.Dynamic, types.Long}
	three := []types.Type{types.String, types.String, types.Long}
	return []native.Function{
		call("parse_ipv4", one, types.Long, parseIPv4),
		call("parse_ipv4_mask", number, types.Long, parseIPv4Mask),
		call("format_ipv4", either, types.String, formatIPv4),
		call("format_ipv4_mask", either, types.String, formatIPv4Mask),
		call("ipv4_compare", three, types.Long, compareIPv4),
		call("ipv4_is_match", three, types.Bool, matchIPv4),
		call("ipv4_is_in_range", pair, types.Bool, inRangeIPv4),
		list("ipv4_is_in_any_range", inAnyRangeIPv4),
		call("ipv4_is_private", one, types.Bool, privateIPv4),
		call("ipv4_netmask_suffix", one, types.Long, netmaskSuffix),
		call("ipv4_range_to_cidr_list", pair, types.Dynamic, rangeToCIDR),
	}
}

// readIPv4 reads a.b.c.d with or without /prefix. Parts have no leading zeros,
// which some software reads as base 8.
func readIPv4(s string) (ipv4, bool) {
	address, end, ok := readOctets(s)
	if !ok {
		return ipv4{}, false
	}
	if end == len(s) {
		return ipv4{address, 32}, true
	}
	if s[end] != '/' {
		return ipv4{}, false
	}
	prefix, ok := readPrefix(s[end+1:], 32)
	return ipv4{address, prefix}, ok
}

// readOctets reads a.b.c.d at the start of s and says where it ends.
func readOctets(s string) (address uint32, end int, ok bool) {
	for part := range 4 {
		if part > 0 {
			if end == len(s) || s[end] != '.' {
				return 0, 0, false
			}
			end++
		}
		value, digits := 0, 0
		for end < len(s) && s[end] >= '0' && s[end] <= '9' && digits < 4 {
			value = value*10 + int(s[end]-'0')
			digits++
			end++
		}
		if digits == 0 || value > 255 || digits > 1 && s[end-digits] == '0' {
			return 0, 0, false
		}
		address = address<<8 | uint32(value)
	}
	return address, end, true
}

func readPrefix(s string, most int) (int, bool) {
	if s == "" || len(s) > 3 || len(s) > 1 && s[0] == '0' || strings.Trim(s, "0123456789") != "" {
		return 0, false
	}
	n, err := strconv.Atoi(s)
	return n, err == nil && n <= most
}

// cut sets what is behind the first bits to zero.
func cut(address uint32, prefix int) uint32 {
	if prefix <= 0 {
		return 0
	}
	return address &^ (1<<(32-prefix) - 1)
}

// shorter gives the lesser of a prefix and an argument that may be absent; ok
// is false for an argument that is no length of a prefix.
func shorter(prefix int, arg any, most int64) (int, bool) {
	n, given := arg.(int64)
	if !given {
		return prefix, true
	}
	return min(prefix, int(max(min(n, most), 0))), n >= 0 && n <= most
}

func parseIPv4(args []any) (any, error) {
	ip, ok := readIPv4(text(args[0]))
	if !ok {
		return nil, nil
	}
	return int64(cut(ip.address, ip.prefix)), nil
}

func parseIPv4Mask(args []any) (any, error) {
	ip, ok := readIPv4(text(args[0]))
	prefix, valid := shorter(ip.prefix, args[1], 32)
	if !ok || !valid || args[1] == nil {
		return nil, nil
	}
	return int64(cut(ip.address, prefix)), nil
}

// fromEither reads an address that is written out or a number.
func fromEither(arg any) (ipv4, bool) {
	switch v := arg.(type) {
	case string:
		return readIPv4(v)
	case int64:
		return ipv4{uint32(v & 0xffffffff), 32}, v >= 0 && v <= 0xffffffff
	}
	return ipv4{}, false
}

func formatIPv4(args []any) (any, error) {
	ip, ok := masked(args)
	if !ok {
		return "", nil
	}
	return dotted(ip.address), nil
}

func formatIPv4Mask(args []any) (any, error) {
	ip, ok := masked(args)
	if !ok {
		return "", nil
	}
	return dotted(ip.address) + "/" + strconv.Itoa(ip.prefix), nil
}

func masked(args []any) (ipv4, bool) {
	ip, ok := fromEither(args[0])
	prefix, valid := shorter(ip.prefix, args[1], 32)
	return ipv4{cut(ip.address, prefix), prefix}, ok && valid
}

func dotted(address uint32) string {
	buffer := make([]byte, 0, 15)
	for shift := 24; shift >= 0; shift -= 8 {
		if shift < 24 {
			buffer = append(buffer, '.')
		}
		buffer = strconv.AppendUint(buffer, uint64(address>>shift&0xff), 10)
	}
	return string(buffer)
}

// pairIPv4 reads two addresses and cuts both by the shortest prefix.
func pairIPv4(args []any) (a, b uint32, ok bool) {
	x, ok1 := readIPv4(text(args[0]))
	y, ok2 := readIPv4(text(args[1]))
	prefix, ok3 := shorter(min(x.prefix, y.prefix), args[2], 32)
	return cut(x.address, prefix), cut(y.address, prefix), ok1 && ok2 && ok3
}

func compareIPv4(args []any) (any, error) {
	a, b, ok := pairIPv4(args)
	switch {
	case !ok:
		return nil, nil
	case a < b:
		return int64(-1), nil
	case a > b:
		return int64(1), nil
	}
	return int64(0), nil
}

func matchIPv4(args []any) (any, error) {
	a, b, ok := pairIPv4(args)
	if !ok {
		return nil, nil
	}
	return a == b, nil
}

func (network ipv4) holds(address uint32) bool {
	return cut(address, network.prefix) == cut(network.address, network.prefix)
}

func inRangeIPv4(args []any) (any, error) {
	ip, ok1 := readIPv4(text(args[0]))
	network, ok2 := readIPv4(text(args[1]))
	if !ok1 || !ok2 {
		return nil, nil
	}
	return network.holds(ip.address), nil
}

func inAnyRangeIPv4(args []any) (any, error) {
	ip, ok := readIPv4(text(args[0]))
	if !ok {
		return nil, nil
	}
	found := false
	each(args[1:], func(s string) bool {
		network, ok := readIPv4(s)
		found = ok && network.holds(ip.address)
		return !found
	})
	return found, nil
}

// privateIPv4 knows the networks of RFC 1918.
func privateIPv4(args []any) (any, error) {
	ip, ok := readIPv4(text(args[0]))
	if !ok {
		return nil, nil
	}
	for _, network := range [...]ipv4{{10 << 24, 8}, {172<<24 | 16<<16, 12}, {192<<24 | 168<<16, 16}} {
		if network.holds(ip.address) {
			return true, nil
		}
	}
	return false, nil
}

func netmaskSuffix(args []any) (any, error) {
	ip, ok := readIPv4(text(args[0]))
	if !ok {
		return nil, nil
	}
	return int64(ip.prefix), nil
}

// rangeToCIDR covers the addresses from one to another with as few networks as
// there can be, at most 62.
func rangeToCIDR(args []any) (any, error) {
	first, ok1 := readIPv4(text(args[0]))
	last, ok2 := readIPv4(text(args[1]))
	if !ok1 || !ok2 || first.address > last.address {
		return nil, nil
	}
	networks := []any{}
	for at, end := uint64(first.address), uint64(last.address); at <= end; {
		size := bits.Len64(end-at+1) - 1
		if at != 0 {
			size = min(size, bits.TrailingZeros64(at))
		}
		networks = append(networks, dotted(uint32(at))+"/"+strconv.Itoa(32-size))
		at += 1 << size
	}
	return networks, nil
}
