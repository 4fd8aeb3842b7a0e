package config

// Config is one configuration file, top to bottom. It is immutable once loaded:
// every room reads it, nobody writes it. Durations, sizes, rates and shares carry units.
//
// The default tags below are the defaults: Load starts from them. Those that depend on other
// fields are filled by check.go and named in the comments.
type Config struct {
	// Region is the region this gateway runs in: the home of requests that name none.
	Region string `yaml:"region"`

	// Listen says where the gateway accepts connections. Changing it needs a restart.
	Listen Listen `yaml:"listen"`

	// Affinity says how a request's home region is found.
	Affinity Affinity `yaml:"affinity"`

	// TrustedProxies are the peers whose X-Forwarded-* fields are believed, as CIDRs
	// or addresses. Default none: then those fields are written anew.
	TrustedProxies []Prefix `yaml:"trusted_proxies"`

	// Expose adds X-Served-Region and X-Served-By to answers. Default false: it tells clients
	// about the inside of the fleet.
	Expose bool `yaml:"expose"`

	// Regions are the active sites. Every region a service runs in must be here.
	Regions map[string]*Region `yaml:"regions"`

	// Services are the logical APIs and where they run.
	Services map[string]*Service `yaml:"services"`

	// Routes say which requests go to which service. The most specific one wins, not the first.
	Routes []*Route `yaml:"routes"`

	// Admin is the operators' API.
	Admin Admin `yaml:"admin"`

	// State is the file in which overrides survive a restart. Default: tidegate.state.json
	// in the folder of the configuration file. Changing it needs a restart.
	State string `yaml:"state"`

	// Drain says how the process leaves on SIGTERM.
	Drain Drain `yaml:"drain"`

	// Limits bound what one client can cost.
	Limits Limits `yaml:"limits"`

	// Log is the operational log, on standard error.
	Log Log `yaml:"log"`

	source *source // positions and text, for errors found later; nil if not loaded from a file
}

// Listen holds the addresses the gateway accepts connections on.
type Listen struct {
	// HTTP is where requests arrive. Default ":8080".
	HTTP string `yaml:"http" default:":8080"`

	// Admin is where the admin API listens. Default "127.0.0.1:9901". Beyond loopback it
	// needs admin.token.
	Admin string `yaml:"admin" default:"127.0.0.1:9901"`
}

// Affinity says how a request's home region is found.
type Affinity struct {
	// From lists the sources in the order they are asked; the first that has an opinion wins.
	// Each is a kind and its argument, such as "header X-Region" or "cookie region".
	// Default [header X-Region, cookie region]. After them: this gateway's own region.
	From []Source `yaml:"from" default:"[header X-Region, cookie region]"`

	// Trust are the clients whose opinion counts, as CIDRs or addresses. Default everybody, who
	// then choose among the configured regions. Others' X-Region is dropped.
	Trust []Prefix `yaml:"trust"`

	// Unknown is what becomes of a request that names a region nobody configured:
	// "nearest" (this gateway's region; the default), "default" (affinity.default), or
	// "reject" (400).
	Unknown string `yaml:"unknown" default:"nearest"`

	// Default is the home for unknown: default. Default: this gateway's region.
	Default string `yaml:"default"`
}

// Source is one affinity source as written: a kind and its argument.
type Source struct {
	Kind string // such as "header"
	Arg  string // such as "X-Region"
}

// Region is one active site.
type Region struct {
	// Failover lists the regions that take over, in order. Default: none.
	Failover []string `yaml:"failover"`

	// Capacity is what the region can serve, such as 12000/s, of each service. Default 0: not known.
	Capacity Rate `yaml:"capacity"`

	// Failback says how traffic returns once the region is well again.
	Failback Failback `yaml:"failback"`
}

// Failback says how traffic returns to a region or an endpoint that recovered.
type Failback struct {
	// Hold is how long it must have been well before anything returns. Default 0s.
	Hold Duration `yaml:"hold" default:"0s"`

	// Ramp is how long the return takes, from a tenth to all. Default 10s.
	Ramp Duration `yaml:"ramp" default:"10s"`
}

// Service is a logical API, deployed in one or more regions.
type Service struct {
	// Balance is the policy that chooses among a region's endpoints:
	// p2c (the default), round_robin, least_request or first.
	Balance string `yaml:"balance" default:"p2c"`

	// Probe is how endpoints are examined.
	Probe Probe `yaml:"probe"`

	// Breaker says when real traffic's failures take an endpoint, or the service in a region, out.
	Breaker Breaker `yaml:"breaker"`

	// Endpoints lists the addresses by region. An entry is "host:port" or
	// {address, weight, max_fails, fail_timeout}.
	Endpoints map[string][]*Endpoint `yaml:"endpoints"`
}

// Probe is how endpoints are examined.
type Probe struct {
	// Kind is http or tcp. Default: http when there is a path, tcp otherwise.
	Kind string `yaml:"kind"`

	// Path is what an HTTP probe asks for. Default for kind: http is "/".
	Path string `yaml:"path"`

	// Host is the Host field of an HTTP probe. Default: the endpoint's address.
	Host string `yaml:"host"`

	// Status lists the statuses that mean well, as "200" or "200-299". Default [200-299].
	Status []StatusRange `yaml:"status" default:"[200-299]"`

	// Every is the time from one probe to the next, ±10 %. Default 750ms.
	Every Duration `yaml:"every" default:"750ms"`

	// Timeout is how long an answer may take. Default 500ms.
	Timeout Duration `yaml:"timeout" default:"500ms"`

	// Down is how many failures in a row make an endpoint down. Default 2. The confirming
	// probe follows a failure at once.
	Down int `yaml:"down" default:"2"`

	// Up is how many successes in a row make it well again. Default 2.
	Up int `yaml:"up" default:"2"`
}

// Breaker says when failures of real traffic take something out.
type Breaker struct {
	// Errors is the share of failures that trips it. Default 50%.
	Errors Percent `yaml:"errors" default:"50%"`

	// Of is how many requests there must be before the share counts. Default 20.
	Of int `yaml:"of" default:"20"`

	// In is the window both are counted in. Default 10s.
	In Duration `yaml:"in" default:"10s"`
}

// Endpoint is one address of a service in a region.
type Endpoint struct {
	// Address is host:port.
	Address string `yaml:"address"`

	// Weight is its share relative to the region's other endpoints. Default 1. Zero means never.
	Weight float64 `yaml:"weight" default:"1"`

	// MaxFails is how many failures in a row open its breaker. Default 5.
	MaxFails int `yaml:"max_fails" default:"5"`

	// FailTimeout is how long it then stays out at first; doubled each time up to 30s, ±20 %.
	// Default 2s.
	FailTimeout Duration `yaml:"fail_timeout" default:"2s"`
}

// Route is what matches a request, and the terms it is served under.
type Route struct {
	// Name is the route's name in metrics, logs and plans. Default: host and path.
	Name string `yaml:"name"`

	// Host is an exact host or "*.example.com". Default: any.
	Host string `yaml:"host"`

	// Path is exact ("/pay"), a prefix by segments ("/pay/**") or a glob ("/u/*/avatar", "/f/*.png").
	// Default "/**".
	Path string `yaml:"path" default:"/**"`

	// Methods lists the methods that match. Default: all.
	Methods []string `yaml:"methods"`

	// Headers must all be present with this value; "*" means any value.
	Headers map[string]string `yaml:"headers"`

	// To is the service that serves the route.
	To string `yaml:"to"`

	// StripPrefix is taken off the path before it is forwarded. Default: nothing.
	StripPrefix string `yaml:"strip_prefix"`

	// Timeout bounds the phases before an answer's body. A single duration means total.
	Timeout Timeout `yaml:"timeout"`

	// Attempts is how often a request may be tried in all. Default 3, at most 6.
	Attempts int `yaml:"attempts" default:"3"`

	// Spill says when requests may leave their home region: never, unhealthy (the default: home
	// cannot serve) or always (also when home is at its declared capacity; it is as unhealthy while
	// a region that might take part declares none).
	Spill string `yaml:"spill" default:"unhealthy"`

	// Limit bounds the route's rate. Default: none.
	Limit *Limit `yaml:"limit"`
}

// Timeout bounds the phases before an answer's body.
type Timeout struct {
	// Connect bounds one connect. Default 500ms.
	Connect Duration `yaml:"connect" default:"500ms"`

	// Try bounds one attempt, from its start to the response head. Default 3s.
	Try Duration `yaml:"try" default:"3s"`

	// Total bounds all attempts together. Default 10s.
	Total Duration `yaml:"total" default:"10s"`
}

// Limit is a token bucket.
type Limit struct {
	// Rate is how many requests pass in the long run, such as 2000/s.
	Rate Rate `yaml:"rate"`

	// Burst is how many may pass at once. Default: a second's worth, at least 1.
	Burst int `yaml:"burst"`
}

// Admin is the operators' API.
type Admin struct {
	// Token is the bearer token the API asks for. Default none, which is refused beyond loopback.
	Token Secret `yaml:"token"`

	// Pprof serves /debug/pprof/. Default false.
	Pprof bool `yaml:"pprof"`
}

// Drain says how the process leaves on SIGTERM.
type Drain struct {
	// Delay is how long readiness is off before connections are refused. Default 0s.
	Delay Duration `yaml:"delay" default:"0s"`

	// Timeout is how long requests in flight may take to finish. Default 30s.
	Timeout Duration `yaml:"timeout" default:"30s"`
}

// Limits bound what one client can cost.
type Limits struct {
	// Head is how long a request head may take, whole. Default 5s.
	Head Duration `yaml:"head" default:"5s"`

	// Idle is how long a connection may wait between requests. Default 30s.
	Idle Duration `yaml:"idle" default:"30s"`

	// Stall is how long a request body may make no progress. Default 10s.
	Stall Duration `yaml:"stall" default:"10s"`

	// UpstreamStall is how long a response body may make no progress. Default 30s.
	UpstreamStall Duration `yaml:"upstream_stall" default:"30s"`

	// WriteStall is how long a client may take nothing of its answer. Default 10s.
	WriteStall Duration `yaml:"write_stall" default:"10s"`

	// Line bounds the request line. Default 8KiB.
	Line Size `yaml:"line" default:"8KiB"`

	// Fields bounds all header fields together. Default 32KiB.
	Fields Size `yaml:"fields" default:"32KiB"`

	// FieldCount bounds their number. Default 100.
	FieldCount int `yaml:"field_count" default:"100"`

	// Body bounds a request body. Default 100MiB.
	Body Size `yaml:"body" default:"100MiB"`

	// Connections bounds the clients' connections in all. Default 20000.
	Connections int `yaml:"connections" default:"20000"`

	// UpstreamIdle is how long an unused connection to an endpoint is kept. Default 8s: below
	// what upstreams commonly allow, or they close it under our hands.
	UpstreamIdle Duration `yaml:"upstream_idle" default:"8s"`
}

// Log is the operational log.
type Log struct {
	// Level is debug, info (the default), warn or error.
	Level string `yaml:"level" default:"info"`

	// Format is auto (text on a terminal, JSON otherwise; the default), text or json.
	Format string `yaml:"format" default:"auto"`
}
