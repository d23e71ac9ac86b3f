package cluster

import (
	"net/netip"
	"strings"
)

// addressOf reads an address with or without a prefix length. IPv4 addresses
// become IPv6 ones; v6 says whether there may be others.
func addressOf(text string, v6 bool) (netip.Addr, int, bool) {
	text = strings.TrimSpace(text)
	prefix := netip.Prefix{}
	if strings.Contains(text, "/") {
		p, err := netip.ParsePrefix(text)
		if err != nil {
			return netip.Addr{}, 0, false
		}
		prefix = p
	} else {
		a, err := netip.ParseAddr(text)
		if err != nil || a.Zone() != "" {
			return netip.Addr{}, 0, false
		}
		prefix = netip.PrefixFrom(a, a.BitLen())
	}
	a, bits := prefix.Addr(), prefix.Bits()
	if a.Is4() {
		bits += 96
	} else if !v6 && !a.Is4In6() {
		return netip.Addr{}, 0, false
	}
	return netip.AddrFrom16(a.As16()), bits, true
}

// networkBits gives the length of a network's prefix, as that of an IPv6 one.
// Arguments: text, whether IPv6 is allowed.
func networkBits(args []any) (any, error) {
	text, _ := args[0].(string)
	v6, _ := args[1].(bool)
	_, bits, ok := addressOf(text, v6)
	if !ok {
		return nil, nil
	}
	return int64(bits), nil
}

// networkKey names the network of some prefix length that an address is in, or
// the network itself when the length is null. Arguments: text, bits, whether
// IPv6 is allowed. What is no address has no key.
func networkKey(args []any) (any, error) {
	text, _ := args[0].(string)
	v6, _ := args[2].(bool)
	a, own, ok := addressOf(text, v6)
	if !ok {
		return "", nil
	}
	bits, asked := args[1].(int64)
	switch {
	case !asked:
		bits = int64(own)
	case bits > int64(own):
		return "", nil
	}
	network, err := a.Prefix(int(min(max(bits, 0), 128)))
	if err != nil {
		return "", nil
	}
	return network.String(), nil
}
