package network

import (
	"encoding/hex"
	"net/netip"
	"strings"

	"github.com/quoll/quoll/kql/native"
	"github.com/quoll/quoll/kql/types"
)

// ipv6 is an address of 128 bits and the length of its prefix. dotted says that
// it was written as an IPv4 address, whose prefixes count the last 32 bits.
type ipv6 struct {
	address netip.Addr
	prefix  int
	dotted  bool
}

func ipv6Functions() []native.Function {
	pair := []types.Type{types.String, types.String}
	three := []types.Type{types.String, types.String, types.Long}
	return []native.Function{
		call("parse_ipv6", []types.Type{types.String}, types.String, parseIPv6),
		call("parse_ipv6_mask", []types.Type{types.String, types.Long}, types.String, parseIPv6Mask),
		call("ipv6_compare", three, types.Long, compareIPv6),
		call("ipv6_is_match", three, types.Bool, matchIPv6),
		call("ipv6_is_in_range", pair, types.Bool, inRangeIPv6),
		list("ipv6_is_in_any_range", inAnyRangeIPv6),
	}
}

// readIPv6 reads an address of either kind, with or without /prefix. An address
// with dots is an IPv4 address, `::192.168.1.1` too, and its prefix counts its
// own 32 bits unless it is longer than that.
func readIPv6(s string) (ipv6, bool) {
	written, suffix, hasPrefix := strings.Cut(s, "/")
	address, err := netip.ParseAddr(written)
	if err != nil || address.Zone() != "" {
		return ipv6{}, false
	}
	ip := ipv6{prefix: 128, dotted: strings.Contains(written, ".")}
	bytes := address.As16()
	if ip.dotted {
		bytes = netip.AddrFrom4([4]byte(bytes[12:])).As16()
	}
	ip.address = netip.AddrFrom16(bytes)
	if !hasPrefix {
		return ip, true
	}
	prefix, ok := readPrefix(suffix, 128)
	switch {
	case ip.dotted && prefix <= 32:
		prefix += 96
	case address.Is4():
		ok = false
	}
	ip.prefix = prefix
	return ip, ok
}

// network gives the address with what is behind the first bits set to zero.
func (ip ipv6) network(prefix int) netip.Addr {
	bytes := ip.address.As16()
	for i := range bytes {
		switch kept := prefix - i*8; {
		case kept <= 0:
			bytes[i] = 0
		case kept < 8:
			bytes[i] &^= 0xff >> kept
		}
	}
	return netip.AddrFrom16(bytes)
}

// canonical writes all eight groups with all their digits.
func canonical(address netip.Addr) string {
	bytes := address.As16()
	buffer := make([]byte, 0, 39)
	for i := 0; i < len(bytes); i += 2 {
		if i > 0 {
			buffer = append(buffer, ':')
		}
		buffer = hex.AppendEncode(buffer, bytes[i:i+2])
	}
	return string(buffer)
}

func parseIPv6(args []any) (any, error) {
	ip, ok := readIPv6(text(args[0]))
	if !ok {
		return "", nil
	}
	return canonical(ip.network(ip.prefix)), nil
}

func parseIPv6Mask(args []any) (any, error) {
	ip, ok := readIPv6(text(args[0]))
	prefix, valid := shorter(ip.prefix, args[1], 128)
	if !ok || !valid || args[1] == nil {
		return "", nil
	}
	return canonical(ip.network(prefix)), nil
}

// pairIPv6 reads two addresses and cuts both by the shortest prefix. Between
// two IPv4 addresses a prefix argument up to 32 is one of IPv4.
func pairIPv6(args []any) (a, b netip.Addr, ok bool) {
	x, ok1 := readIPv6(text(args[0]))
	y, ok2 := readIPv6(text(args[1]))
	if !ok1 || !ok2 {
		return a, b, false
	}
	arg := args[2]
	if n, given := arg.(int64); given && x.dotted && y.dotted && n >= 0 && n <= 32 {
		arg = n + 96
	}
	prefix, ok := shorter(min(x.prefix, y.prefix), arg, 128)
	return x.network(prefix), y.network(prefix), ok
}

func compareIPv6(args []any) (any, error) {
	a, b, ok := pairIPv6(args)
	if !ok {
		return nil, nil
	}
	return int64(a.Compare(b)), nil
}

func matchIPv6(args []any) (any, error) {
	a, b, ok := pairIPv6(args)
	if !ok {
		return nil, nil
	}
	return a == b, nil
}

func (ip ipv6) holds(other ipv6) bool {
	return ip.network(ip.prefix) == other.network(ip.prefix)
}

func inRangeIPv6(args []any) (any, error) {
	ip, ok1 := readIPv6(text(args[0]))
	network, ok2 := readIPv6(text(args[1]))
	if !ok1 || !ok2 {
		return nil, nil
	}
	return network.holds(ip), nil
}

func inAnyRangeIPv6(args []any) (any, error) {
	ip, ok := readIPv6(text(args[0]))
	if !ok {
		return nil, nil
	}
	found := false
	each(args[1:], func(s string) bool {
		network, ok := readIPv6(s)
		found = ok && network.holds(ip)
		return !found
	})
	return found, nil
}
