package cli

// SameID reports whether two IDs identify the same resource. The case of ASCII letters does not matter.
func SameID(a, b string) bool { return Fold(a) == Fold(b) }

// Fold returns s with its ASCII letters in lower case. Two IDs or email addresses are the same if they are equal in this
// form. The case mappings of Unicode would make a "k" of the Kelvin sign, and one mailbox of two.
func Fold(s string) string {
	folded := []byte(s)
	for i, c := range folded {
		if 'A' <= c && c <= 'Z' {
			folded[i] = c - 'A' + 'a'
		}
	}
	return string(folded)
}
