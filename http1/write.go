package http1

// AppendFields appends those lines of fields, which were parsed from b, that are to be
// forwarded: in order and exactly as sent, but without hop-by-hop fields, without
// Content-Length and Transfer-Encoding, and without the names in drop.
func AppendFields(dst, b []byte, fields []Field, drop NameSet) []byte { return dst }

// AppendLength appends the field line "Content-Length: n".
func AppendLength(dst []byte, n int64) []byte { return dst }

// AppendChunkHead appends the line before a chunk of size bytes. The chunk's data is followed
// by CRLF.
func AppendChunkHead(dst []byte, size int) []byte { return dst }
