// Package http1 is the HTTP/1 codec: request heads, response heads, chunked bodies, field
// filters and the normal form of paths, as functions over bytes. It does no I/O, starts
// nothing, imports nothing of the gateway and allocates nothing in steady state.
//
// The door is Request.Parse, Response.Parse and Chunks.Next; what they accept is written out
// again with AppendFields and its companions. Parsing never copies: a parsed head is a set of
// spans into the buffer it was parsed from, valid for as long as the caller keeps those bytes.
//
// It refuses rather than repairs (RFC 9110, RFC 9112): whatever two implementations could
// read in two ways is an *Error that carries the status to answer with.
//
// To teach it another field name, add a Name and its spelling in names, and decide which of the
// sets in name.go it belongs to: a known field may not be named in Connection unless it is
// nominable, and is not passed on in trailers.
package http1
