package envelope

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"
)

// Bounds on bodies above maxUncounted bytes. What exceeds them takes many times its size in memory.
const (
	maxUncounted = 1 << 20
	maxValues    = 1 << 18  // a value of two bytes, such as "", is far larger in memory; a full page has about 30,000
	maxNumber    = 64 << 10 // bytes of a number, which errors of strconv copy
	maxNames     = 8 << 20  // bytes of the names that the decoder compares with one another
	maxInvalid   = 1 << 20  // bytes that are not UTF-8, for each of which a text takes three
)

// checkBounds returns an error if a body exceeds a bound.
func (e *Envelope) checkBounds(body []byte) error {
	if len(body) <= maxUncounted {
		return nil
	}
	if !e.NoValueLimit && countValues(body) > maxValues {
		return fmt.Errorf("it has more than %d values", maxValues)
	}
	number, names := measure(body)
	switch {
	case number > maxNumber:
		return fmt.Errorf("it has a number of more than %d KiB", maxNumber>>10)
	case names > maxNames && !e.DuplicateNames:
		return fmt.Errorf("the names in one of its objects have more than %d MiB", maxNames>>20)
	case countInvalid(body) > maxInvalid:
		return errors.New("it is not UTF-8")
	}
	return nil
}

// countValues returns an upper bound on the number of values in a JSON text that is decoded from body.
func countValues(body []byte) int {
	n := 1
	for i := 0; i < len(body); i++ {
		switch body[i] {
		case '"':
			i = endOfString(body, i)
		case ',', '[', '{':
			n++
		}
	}
	return n
}

// maxNesting is more than the decoder accepts.
const maxNesting = 10_001

// measure returns how long the longest number in a JSON text is, and how long the names of one object are together with
// those of the objects around it, at most.
func measure(body []byte) (number, names int) {
	var outer []int // the sums for the objects and arrays around the current one
	sum, start := 0, 0
	for i := 0; i < len(body); i++ {
		switch body[i] {
		case '"':
			first := i + 1
			i = endOfString(body, i)
			if follows := bytes.TrimLeft(body[min(i+1, len(body)):], " \t\r\n"); len(follows) > 0 && follows[0] == ':' {
				sum += i - first
				names = max(names, sum)
			}
		case '{', '[':
			if outer = append(outer, sum); len(outer) > maxNesting {
				return number, names
			}
		case '}', ']':
			if last := len(outer) - 1; last >= 0 {
				sum, outer = outer[last], outer[:last]
			}
		case ',', ':', ' ', '\t', '\r', '\n':
		default:
			for start = i; i+1 < len(body) && strings.IndexByte("\"{}[],: \t\r\n", body[i+1]) < 0; i++ {
			}
			number = max(number, i+1-start)
		}
	}
	return number, names
}

// endOfString returns the index of the quote that ends the string which begins at start, or the end of body.
func endOfString(body []byte, start int) int {
	i := start + 1
	for ; i < len(body) && body[i] != '"'; i++ {
		if body[i] == '\\' {
			i++
		}
	}
	return i
}

// countInvalid returns the number of bytes that are not UTF-8.
func countInvalid(body []byte) int {
	if utf8.Valid(body) {
		return 0
	}
	n := 0
	for len(body) > 0 {
		r, size := utf8.DecodeRune(body)
		if r == utf8.RuneError && size == 1 {
			n++
		}
		body = body[size:]
	}
	return n
}
