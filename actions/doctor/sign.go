package doctor

// Sign asks for a signature from end to end.
type Sign struct {
	// Image is what is signed; empty for a small image of its own in a scratch repository beside Options.Image.
	Image string
}
