package admin

import "github.com/prometheus/client_golang/prometheus"

// families are the metrics of the collector. Every label set is bounded by the configuration:
// nothing a client sends becomes a label.
type families struct {
	requests, requestSeconds *prometheus.Desc

	endpointRequests, endpointFailures, endpointOverloads *prometheus.Desc
	endpointSeconds, endpointInflight, endpointWeight     *prometheus.Desc
	healthState, breakerState, breakerTrials, retries     *prometheus.Desc

	regionShare, regionBreakerState, retryBudget *prometheus.Desc

	affinityUnknown *prometheus.Desc

	connections, connectionsOpen, inflight, malformed, panics *prometheus.Desc

	overrides, overridesRevision, overrideExpiry *prometheus.Desc

	reloadOK, reloadTime, reloads, needsRestart, configInfo *prometheus.Desc

	ready, suspect, build *prometheus.Desc
}

func newFamilies() families {
	family := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc("tidegate_"+name, help, labels, nil)
	}
	endpoint := []string{"service", "region", "endpoint"}
	and := func(more string) []string { return append(endpoint[:len(endpoint):len(endpoint)], more) }
	return families{
		requests: family("requests_total",
			"Requests by route (empty: none was found), class of the answer's status, and the reason if the gateway answered in its own name.",
			"route", "code", "reason"),
		requestSeconds: family("request_seconds",
			"Time from a request's arrival to the end of an endpoint's answer, in seconds.", "route"),

		endpointRequests: family("endpoint_requests_total", "Attempts at an endpoint.", endpoint...),
		endpointFailures: family("endpoint_failures_total", "Attempts at an endpoint that failed, by what happened.", and("kind")...),
		endpointOverloads: family("endpoint_overloads_total",
			"Answers of an endpoint that say it has too much to do; they are no failures.", endpoint...),
		endpointSeconds: family("endpoint_seconds",
			"Time from the start of an attempt to the response head, in seconds.", endpoint...),
		endpointInflight: family("endpoint_inflight",
			"What is in flight at the endpoint's address, for all its services: requests waiting for a head, bodies on their way, tunnels.",
			and("phase")...),
		endpointWeight: family("endpoint_weight",
			"Weight of an endpoint in the plan in force: factor=\"value\" is the weight, the others are what it is the product of.",
			and("factor")...),
		healthState:   family("health_state", "What probes say of an endpoint: 1 up, 0 down, -1 not known yet.", endpoint...),
		breakerState:  family("breaker_state", "An endpoint's breaker: 0 closed, 1 half-open, 2 open.", endpoint...),
		breakerTrials: family("breaker_trials_total", "Requests an open breaker let through to try the endpoint.", endpoint...),
		retries:       family("retries_total", "Attempts at an endpoint that were a request's second or later.", endpoint...),

		regionShare: family("region_share",
			"Share of the requests of one home region that a region is given, by the spill of the routes.",
			"service", "home", "region", "spill"),
		regionBreakerState: family("region_breaker_state",
			"The breaker of a service in a region: 0 closed, 1 half-open, 2 open.", "service", "region"),
		retryBudget: family("retry_budget", "Retries a service's budget would allow at once.", "service"),

		affinityUnknown: family("affinity_unknown_total", "Requests that named a region that is not configured."),

		connections:     family("connections_total", "Connections of clients, by whether the limit let them in.", "result"),
		connectionsOpen: family("connections_open", "Connections of clients that are open."),
		inflight:        family("requests_inflight", "Requests being served."),
		malformed:       family("malformed_requests_total", "Requests refused before routing because they break the protocol or a limit."),
		panics:          family("panics_total", "Panics contained while serving a request; each is a defect of the gateway."),

		overrides:         family("overrides", "Operators' orders in force.", "op"),
		overridesRevision: family("overrides_revision", "Revision of the overrides; grows with every change."),
		overrideExpiry: family("override_soonest_expiry_timestamp_seconds",
			"When the first of the orders in force ends, in seconds since the epoch; absent without orders."),

		reloadOK: family("config_last_reload_successful", "1 if the last reload succeeded, else 0."),
		reloadTime: family("config_last_reload_success_timestamp_seconds",
			"When a reload last succeeded, in seconds since the epoch."),
		reloads:      family("config_reloads_total", "Loads of the configuration, the one at the start among them.", "result"),
		needsRestart: family("config_needs_restart", "Changed settings that only a restart brings into force."),
		configInfo:   family("config_info", "The configuration in force; always 1.", "hash"),

		ready:   family("ready", "1 if traffic should be sent here, else 0."),
		suspect: family("health_suspect", "1 while every probe fails, so that this gateway suspects itself and holds their verdicts, else 0."),
		build:   family("build_info", "The program; always 1.", "version", "commit", "goversion"),
	}
}

// all lists the families.
func (f families) all() []*prometheus.Desc {
	return []*prometheus.Desc{
		f.requests, f.requestSeconds,
		f.endpointRequests, f.endpointFailures, f.endpointOverloads, f.endpointSeconds, f.endpointInflight, f.endpointWeight,
		f.healthState, f.breakerState, f.breakerTrials, f.retries,
		f.regionShare, f.regionBreakerState, f.retryBudget,
		f.affinityUnknown,
		f.connections, f.connectionsOpen, f.inflight, f.malformed, f.panics,
		f.overrides, f.overridesRevision, f.overrideExpiry,
		f.reloadOK, f.reloadTime, f.reloads, f.needsRestart, f.configInfo,
		f.ready, f.suspect, f.build,
	}
}
