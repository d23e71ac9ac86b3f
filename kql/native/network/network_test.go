package network

import (
	"errors"
	"net/netip"
	"reflect"
	"testing"
)

// run calls a function by its name; arguments left out are nil.
func run(t testing.TB, name string, args ...any) any {
	t.Helper()
	for _, f := range Functions() {
		if f.Name != name {
			continue
		}
		for len(args) < len(f.Params) {
			args = append(args, nil)
		}
		v, err := f.Call(args)
		if err != nil {
			t.Fatalf("%s(%v): %v", name, args, err)
		}
		return v
	}
	t.Fatalf("no function %s", name)
	return nil
}

func TestFunctions(t *testing.T) {
	null := any(nil)
	for _, c := range []struct {
		name string
		args []any
		want any
	}{
		{"parse_ipv4", []any{"10.1.2.3"}, int64(167838211)},
		{"parse_ipv4", []any{"10.1.2.3/8"}, int64(167772160)},
		{"parse_ipv4", []any{"0.0.0.0/0"}, int64(0)},
		{"parse_ipv4", []any{"10.1.2"}, null},
		{"parse_ipv4", []any{"10.1.2.256"}, null},
		{"parse_ipv4", []any{"10.01.2.3"}, null},
		{"parse_ipv4", []any{"10.1.2.3/33"}, null},
		{"parse_ipv4", []any{"10.1.2.3/"}, null},
		{"parse_ipv4_mask", []any{"10.1.2.3/8", int64(24)}, int64(167772160)},
		{"parse_ipv4_mask", []any{"10.1.2.3", int64(33)}, null},
		{"format_ipv4", []any{int64(167838211)}, "10.1.2.3"},
		{"format_ipv4", []any{"10.1.2.3", int64(16)}, "10.1.0.0"},
		{"format_ipv4", []any{int64(-1)}, ""},
		{"format_ipv4_mask", []any{"10.1.2.3/24", int64(32)}, "10.1.2.0/24"},
		{"format_ipv4_mask", []any{"10.1.2.3", int64(-1)}, ""},
		{"ipv4_compare", []any{"10.0.0.1", "10.0.0.2"}, int64(-1)},
		{"ipv4_compare", []any{"10.0.0.1/24", "10.0.0.2"}, int64(0)},
		{"ipv4_is_match", []any{"10.0.0.1", "10.0.0.2", int64(30)}, true},
		{"ipv4_is_match", []any{"10.0.0.1", "x"}, null},
		{"ipv4_is_private", []any{"172.31.0.1"}, true},
		{"ipv4_is_private", []any{"172.32.0.1"}, false},
		{"ipv4_is_in_any_range", []any{"10.0.0.1", "x", []any{int64(1), "10.0.0.0/8"}}, true},
		{"ipv4_is_in_any_range", []any{"x", "10.0.0.0/8"}, null},
		{"ipv4_netmask_suffix", []any{"10.0.0.0/8"}, int64(8)},
		{"ipv4_range_to_cidr_list", []any{"10.0.0.1", "10.0.0.6"}, []any{"10.0.0.1/32", "10.0.0.2/31", "10.0.0.4/31", "10.0.0.6/32"}},
		{"ipv4_range_to_cidr_list", []any{"0.0.0.0", "255.255.255.255"}, []any{"0.0.0.0/0"}},
		{"ipv4_range_to_cidr_list", []any{"10.0.0.2", "10.0.0.1"}, null},
		{"parse_ipv6", []any{"fe80::1"}, "fe80:0000:0000:0000:0000:0000:0000:0001"},
		{"parse_ipv6", []any{"10.1.2.3/24"}, "0000:0000:0000:0000:0000:ffff:0a01:0200"},
		{"parse_ipv6", []any{"fe80::1%eth0"}, ""},
		{"parse_ipv6", []any{"10.1.2.3/40"}, ""},
		{"parse_ipv6_mask", []any{"fe80::ffff", int64(120)}, "fe80:0000:0000:0000:0000:0000:0000:ff00"},
		{"parse_ipv6_mask", []any{"fe80::ffff", int64(129)}, ""},
		{"ipv6_compare", []any{"::10.0.0.1", "10.0.0.1"}, int64(0)},
		{"ipv6_compare", []any{"fe80::2", "fe80::1"}, int64(1)},
		{"ipv6_is_match", []any{"10.0.0.1", "10.0.0.200", int64(24)}, true},
		{"ipv6_is_match", []any{"10.0.0.1", "10.0.1.200", int64(24)}, false},
		{"ipv6_is_in_range", []any{"fd00::1", "fc00::/7"}, true},
		{"ipv6_is_in_any_range", []any{"2001:db8::1", []any{"fc00::/7", "2001:db8::/32"}}, true},
		{"ipv6_is_in_any_range", []any{"2001:db8::1", "fc00::/7"}, false},
		{"has_ipv4", []any{"sent by 10.0.0.1.", "10.0.0.1"}, true},
		{"has_ipv4", []any{"sent by 10.0.0.1.2", "10.0.0.1"}, false},
		{"has_ipv4", []any{"sent by 110.0.0.1", "10.0.0.1"}, false},
		{"has_ipv4", []any{"x 10.0.0.12, 10.0.0.1!", "10.0.0.1"}, true},
		{"has_ipv4", []any{"version 10.0.0.300", "10.0.0.300"}, false},
		{"has_ipv4", []any{"10.0.0.1ä", "10.0.0.1"}, false},
		{"has_any_ipv4", []any{"[10.0.0.1]", []any{"1.1.1.1", "10.0.0.1"}}, true},
		{"has_ipv4_prefix", []any{"a 10.0.0.1 b", "10.0."}, true},
		{"has_ipv4_prefix", []any{"a 10.0.0.1 b", "10.0"}, false},
		{"has_ipv4_prefix", []any{"a 10.0.0.1 b", "0.0."}, false},
		{"has_ipv4_prefix", []any{"a 10.0.0.12 b", "10.0.0.1"}, false},
		{"has_any_ipv4_prefix", []any{"a 10.0.0.1 b", "192.168.", "10."}, true},
	} {
		if got := run(t, c.name, c.args...); !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s(%v) is %v, want %v", c.name, c.args, got, c.want)
		}
	}
}

// A range is covered by its networks: they join, and neither more nor less.
func FuzzRangeToCIDR(f *testing.F) {
	f.Add(uint32(1), uint32(6))
	f.Add(uint32(0), uint32(0xffffffff))
	f.Fuzz(func(t *testing.T, first, last uint32) {
		if first > last {
			return
		}
		networks := run(t, "ipv4_range_to_cidr_list", dotted(first), dotted(last)).([]any)
		at := uint64(first)
		for _, n := range networks {
			ip, ok := readIPv4(n.(string))
			if !ok || uint64(ip.address) != at {
				t.Fatalf("%s does not begin at %s", n, dotted(uint32(at)))
			}
			at += 1 << (32 - ip.prefix)
		}
		if at != uint64(last)+1 {
			t.Fatalf("the networks end at %d, want %d", at, uint64(last)+1)
		}
	})
}

// What is read is what netip reads, and nothing panics.
func FuzzReadIPv4(f *testing.F) {
	f.Add("10.0.0.1", "10.0.")
	f.Fuzz(func(t *testing.T, s, needle string) {
		_, ok := readIPv4(s)
		_, err1 := netip.ParseAddr(s)
		_, err2 := netip.ParsePrefix(s)
		if addr, err := netip.ParseAddr(s); err == nil && addr.Is6() {
			err1 = errors.New("IPv6")
		}
		if p, err := netip.ParsePrefix(s); err == nil && p.Addr().Is6() {
			err2 = err1
		}
		if want := err1 == nil || err2 == nil; ok != want && len(s) < 19 {
			t.Fatalf("readIPv4(%q) is %v, want %v", s, ok, want)
		}
		run(t, "has_ipv4_prefix", s, needle)
		run(t, "parse_ipv6_mask", s, int64(len(needle)))
	})
}
