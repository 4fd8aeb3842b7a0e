package balancer

// PolicyNames lists the policies a service may name, sorted.
func PolicyNames() []string { return []string{"first", "least_request", "p2c", "round_robin"} }
