package builtin

func networkEntries() []entry {
	return []entry{
		{Name: "parse_ipv4", Stage: "native", Sig: "ip:string -> long", Doc: "Gives an IPv4 address as a number, of its network when a prefix length is given; null for what is none.", Example: "print parse_ipv4('10.0.0.1')"},
		{Name: "parse_ipv4_mask", Stage: "native", Sig: "ip:string, prefix:long -> long", Doc: "Gives the network of an IPv4 address as a number.", Example: "print parse_ipv4_mask('10.1.2.3', 16)"},
		{Name: "format_ipv4", Stage: "native", Sig: "ip:scalar, prefix?:long -> string", Doc: "Prints an IPv4 address.", Example: "print format_ipv4(167772161)"},
		{Name: "format_ipv4_mask", Stage: "native", Sig: "ip:scalar, prefix?:long -> string", Doc: "Prints an IPv4 address with the length of its prefix.", Example: "print format_ipv4_mask('10.1.2.3', 16)"},
		{Name: "ipv4_compare", Stage: "native", Sig: "a:string, b:string, prefix?:long -> long", Doc: "Compares two IPv4 addresses: -1, 0 or 1.", Example: "print ipv4_compare('10.0.0.1', '10.0.0.2')"},
		{Name: "ipv4_is_match", Stage: "native", Sig: "a:string, b:string, prefix?:long -> bool", Doc: "True when two IPv4 addresses are equal, as far as the shorter prefix reaches.", Example: "print ipv4_is_match('10.0.0.1', '10.0.0.0/24')"},
		{Name: "ipv4_is_in_range", Stage: "native", Sig: "ip:string, range:string -> bool", Doc: "True when an IPv4 address is in a network.", Example: "print ipv4_is_in_range('10.0.0.1', '10.0.0.0/8')"},
		{Name: "ipv4_is_in_any_range", Stage: "native", Sig: "ip:string, range...:string -> bool | ip:string, ranges:dynamic -> bool", Doc: "True when an IPv4 address is in one of the networks.", Example: "print ipv4_is_in_any_range('10.0.0.1', dynamic(['192.168.0.0/16', '10.0.0.0/8']))"},
		{Name: "ipv4_is_private", Stage: "native", Sig: "ip:string -> bool", Doc: "True for an IPv4 address of a private network.", Example: "print ipv4_is_private('192.168.1.1')"},
		{Name: "ipv4_netmask_suffix", Stage: "native", Sig: "ip:string -> long", Doc: "Gives the prefix length of a network in CIDR form.", Example: "print ipv4_netmask_suffix('10.0.0.0/8')"},
		{Name: "ipv4_range_to_cidr_list", Stage: "native", Sig: "start:string, end:string -> dynamic", Doc: "Covers the addresses from one to another with as few networks as there can be.", Example: "print ipv4_range_to_cidr_list('10.0.0.1', '10.0.0.6')"},
		{Name: "parse_ipv6", Stage: "native", Sig: "ip:string -> string", Doc: "Prints an IPv6 or IPv4 address with all digits of its eight groups; empty for what is none.", Example: "print parse_ipv6('fe80::1')"},
		{Name: "parse_ipv6_mask", Stage: "native", Sig: "ip:string, prefix:long -> string", Doc: "Prints the network of an IPv6 or IPv4 address with all digits of its eight groups.", Example: "print parse_ipv6_mask('fe80::1:2', 112)"},
		{Name: "ipv6_compare", Stage: "native", Sig: "a:string, b:string, prefix?:long -> long", Doc: "Compares two addresses, IPv6 or IPv4: -1, 0 or 1.", Example: "print ipv6_compare('fe80::1', 'fe80::2')"},
		{Name: "ipv6_is_match", Stage: "native", Sig: "a:string, b:string, prefix?:long -> bool", Doc: "True when two addresses, IPv6 or IPv4, are equal as far as the shorter prefix reaches.", Example: "print ipv6_is_match('fe80::1', 'fe80::/64')"},
		{Name: "ipv6_is_in_range", Stage: "native", Sig: "ip:string, range:string -> bool", Doc: "True when an address is in a network, IPv6 or IPv4.", Example: "print ipv6_is_in_range('fe80::1', 'fe80::/64')"},
		{Name: "ipv6_is_in_any_range", Stage: "native", Sig: "ip:string, range...:string -> bool | ip:string, ranges:dynamic -> bool", Doc: "True when an address is in one of the networks, IPv6 or IPv4.", Example: "print ipv6_is_in_any_range('fe80::1', 'fc00::/7', 'fe80::/10')"},
		{Name: "has_ipv4", Stage: "native", Sig: "source:text, ip:string -> bool", Doc: "True when a text holds an IPv4 address as a term.", Example: "print has_ipv4('from 10.0.0.1 to', '10.0.0.1')"},
		{Name: "has_any_ipv4", Stage: "native", Sig: "source:text, ip...:string -> bool | source:text, ips:dynamic -> bool", Doc: "True when a text holds one of the IPv4 addresses.", Example: "print has_any_ipv4('from 10.0.0.1', dynamic(['10.0.0.1']))"},
		{Name: "has_ipv4_prefix", Stage: "native", Sig: "source:text, prefix:string -> bool", Doc: "True when a text holds an IPv4 address that begins so.", Example: "print has_ipv4_prefix('from 10.0.0.1', '10.0.')"},
		{Name: "has_any_ipv4_prefix", Stage: "native", Sig: "source:text, prefix...:string -> bool | source:text, prefixes:dynamic -> bool", Doc: "True when a text holds an IPv4 address that begins as one of the prefixes does.", Example: "print has_any_ipv4_prefix('from 10.0.0.1', dynamic(['10.0.', '192.168.']))"},
	}
}
