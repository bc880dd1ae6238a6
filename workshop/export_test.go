package workshop

// FormatWords lists every word that means something in a lesson.
func FormatWords() []string {
	var words []string
	for _, name := range roleNames {
		words = append(words, role(name).opening())
	}
	words = append(words, views...)
	for _, kind := range checkKinds {
		words = append(words, kind.name)
		for _, param := range kind.params {
			words = append(words, param.name)
		}
	}
	return words
}
