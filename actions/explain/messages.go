package explain

import (
	"slices"
	"sync"
)

// messages is the catalogue, in the order in which causes are told: what says more comes first.
var messages = sync.OnceValue(func() []message {
	return slices.Concat(identityMessages(), trustMessages(), signMessages(), verifyMessages(), registryMessages(), generalMessages())
})
