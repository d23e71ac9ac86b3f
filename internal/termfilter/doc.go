// Package termfilter says of parts of a file which terms none of their texts
// has, and in which blocks of rows the others are, so that who looks for one leaves
// the rest out; and whether a text has them.
//
// What is hashed is chosen so that a text that was found cannot have been
// missed, whatever stands beside it, and so that what people look for is rare:
//
//   - runs of ASCII letters and digits, folded to lower case. Runs of one or two
//     characters are in every part, and runs of four hexadecimal digits are the
//     middles of GUIDs: neither is kept. The ends of a GUID are, and are rare;
//   - four numbers of up to three digits with dots between them: an IPv4 address,
//     of which each number alone is everywhere;
//   - such an address with the number behind it after a colon, its port, and the last two
//     groups of an IPv6 address in brackets with that: most blocks have the address, and
//     every number has some;
//   - any three neighbours of runs of up to four hexadecimal digits with one or two
//     colons between them: what an IPv6 address is made of;
//   - what stands left and right of an at sign, and the same with one run more to
//     its left: addresses of mail;
//   - two neighbouring characters outside of ASCII, folded as the engine folds
//     them. Scripts without spaces have no other terms.
//
// A character outside of ASCII never equals one inside, so runs of ASCII bound by
// something else are the same in a text and in what is looked for.
//
// The package knows neither tables nor engines. docs/formats/lake.md describes the
// bytes.
package termfilter
