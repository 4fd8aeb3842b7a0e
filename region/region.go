package region

import "github.com/tidegate/tidegate/config"

// An ID is a dense index of a region, so that the request path compares and indexes integers,
// never names. It is given once and means the same region for the life of the process,
// across reloads.
type ID uint8

const (
	// Max is how many regions a process may ever have known.
	Max = 64

	// None is no region.
	None ID = 255
)

// A Set is the regions of one configuration. Immutable; safe for concurrent use.
type Set struct {
	// Own is the region of this gateway.
	Own ID

	// Active lists the configured regions, sorted by name.
	Active []ID

	names    []string // by ID, regions of earlier configurations included
	ids      map[string]ID
	failover [][]ID // by ID: who takes over, in order, itself not included
	capacity []float64
	failback []config.Failback
}
