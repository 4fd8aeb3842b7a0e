package proxy

// serve carries one exchange from match to answer: all that happens to a request, on one screen.
func (g *Gateway) serve(x *exchange) {
	f := &x.flight

	if x.counts() && x.hops == 0 { // it is for us
		x.answerOptions()
		return
	}
	if !f.Begin(g.live.Load(), x, x.began, x.conn.draw()) {
		x.refuse(f.Refusal())
		return
	}
	if !x.prepare() { // wait for a small body, so that the request can be sent again
		x.refuse(x.refusal)
		return
	}
	for f.Next(x.recent) {
		result := x.send(f.Endpoint(), f.Route.Connect, f.TryDeadline(x.recent))
		switch f.Head(result, x.now()) {
		case Commit:
			ended := x.commit()
			f.End(ended, x.recent)
			return
		case Refuse:
			x.refuse(f.Refusal())
			return
		case Retry:
		}
	}
	if x.holding() { // nobody else to ask: what was answered is the answer
		ended := x.commit()
		f.End(ended, x.recent)
		return
	}
	x.refuse(f.Refusal())
}
