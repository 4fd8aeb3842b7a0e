package balancer

import "time"

// A Budget bounds retries ...
type Budget struct{}

// NewBudget returns ...
func NewBudget() *Budget { return &Budget{} }

// Deposit books one request.
func (b *Budget) Deposit(now time.Duration) {}

// Withdraw books one retry, if there is anything left for it.
func (b *Budget) Withdraw(now time.Duration) bool { return true }

// Balance is how many retries could be withdrawn now.
func (b *Budget) Balance(now time.Duration) float64 { return 100 }
