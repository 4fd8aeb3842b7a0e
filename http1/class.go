package http1

// Classes of characters.
const (
	inToken = 1 << iota // RFC 9110 section 5.6.2
	inPath              // RFC 3986 pchar and '/', and what browsers do not escape
	inQuery             // likewise
	inHost              // a name of a host
	isLow               // the underscore
	isDot               // the dot
	isSplit             // what is not plain in a path: '/', '%' and '\\'

	inAll  = inToken | inPath | inQuery | inHost // unreserved in RFC 3986
	inText = inToken | inPath | inQuery
	inURI  = inPath | inQuery
)

// class gives the classes of a byte. It is a constant; what is missing here is in none.
var class = [256]uint8{
	'0': inAll, '1': inAll, '2': inAll, '3': inAll, '4': inAll,
	'5': inAll, '6': inAll, '7': inAll, '8': inAll, '9': inAll,
	'A': inAll, 'B': inAll, 'C': inAll, 'D': inAll, 'E': inAll, 'F': inAll, 'G': inAll,
	'H': inAll, 'I': inAll, 'J': inAll, 'K': inAll, 'L': inAll, 'M': inAll, 'N': inAll,
	'O': inAll, 'P': inAll, 'Q': inAll, 'R': inAll, 'S': inAll, 'T': inAll, 'U': inAll,
	'V': inAll, 'W': inAll, 'X': inAll, 'Y': inAll, 'Z': inAll,
	'a': inAll, 'b': inAll, 'c': inAll, 'd': inAll, 'e': inAll, 'f': inAll, 'g': inAll,
	'h': inAll, 'i': inAll, 'j': inAll, 'k': inAll, 'l': inAll, 'm': inAll, 'n': inAll,
	'o': inAll, 'p': inAll, 'q': inAll, 'r': inAll, 's': inAll, 't': inAll, 'u': inAll,
	'v': inAll, 'w': inAll, 'x': inAll, 'y': inAll, 'z': inAll,
	'-': inAll, '.': inAll | isDot, '~': inAll,
	'_': inAll | isLow,
	'!': inText, '$': inText, '&': inText, '\'': inText, '*': inText, '+': inText,
	'^': inText, '|': inText, '%': inText | isSplit,
	'#': inToken,
	'(': inURI, ')': inURI, ',': inURI, '/': inURI | isSplit, ':': inURI, ';': inURI,
	'=': inURI, '@': inURI, '[': inURI, ']': inURI,
	'?': inQuery, '\\': inQuery | isSplit, '{': inQuery, '}': inQuery,
	'`': inToken | inQuery,
}
