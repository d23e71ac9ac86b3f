// Package defender lives through Defender's roads: what a simulated tenant
// publishes to event hubs, exports to storage, lets be hunted and pushes through
// a relay, once or again, whole or in pieces, while brokers are lost, members
// come and go, disks fail and the power is cut. It holds one property over many
// seeds: the rows that can be seen are the records that were published, each
// once. It also measures how fast a hub becomes rows.
//
// Time is the machine's, because a broker is behind sockets; but what waits,
// waits for a hundredth of its time. It has no code outside of its tests and
// nothing imports it.
package defender
