package config

import (
	"net/netip"
)

// Prefix is a range of addresses, written as a CIDR ("10.0.0.0/8") or a single address.
type Prefix struct{ netip.Prefix }

// StatusRange is a range of HTTP statuses, both ends included, written "200" or "200-299".
type StatusRange struct{ From, To int }
