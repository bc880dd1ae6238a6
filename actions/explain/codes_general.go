package explain

import "github.com/sigwalk/sigwalk/actions"

// general is what can go wrong everywhere: command lines, networks, answers.
func general() map[actions.Code]text {
	return map[actions.Code]text{
		actions.CodeUsage: {
			"The command line is wrong.",
			"A flag or an argument is missing, unknown, or does not go with another one.",
			"Run the command with --help.",
		},
		actions.CodeNobodyToAsk: {
			"A question must be answered, and nobody is there to answer it.",
			"The command does not run on a terminal, so that it can only stop.",
			"Run it on a terminal, or answer beforehand: for cosign sign with --yes or COSIGN_YES=true.",
		},
		actions.CodeInternal: {
			"sigwalk itself failed.",
			"Something happened that its authors did not think of.",
			"Report it with the command line and what it printed.",
		},
		actions.CodeDeclined: {
			"You were asked, and said no.",
			"Nothing was done.",
			"Run the command again if you change your mind.",
		},
		actions.CodeUnreachable: {
			"A server cannot be reached.",
			"Its name does not resolve, nothing listens at the address, or the network drops what is sent.",
			"Check the address for typing errors, then try it with `curl -v URL`; on a cluster, check whether it is an address that only works inside.",
		},
		actions.CodeTLS: {
			"The connection cannot be encrypted, or the server's certificate is not trusted.",
			"A private certificate authority is not known to this computer, or the server speaks plain HTTP where HTTPS is wanted.",
			"Give the authority's certificate with --ca-file, or correct http:// and https:// in the address.",
		},
		actions.CodeServer: {
			"The server answered that it failed.",
			"An answer of 500 to 599 is about the server and not about your request.",
			"Try again; if it stays, ask whoever runs the server to look at its log.",
		},
		actions.CodeThrottled: {
			"The server asks to be left alone for a while.",
			"It limits how often it may be called (answer 429), often less strictly for those who log in.",
			"Wait a minute, or log in.",
		},
		actions.CodeNotAsked: {
			"The answer is not one of the protocol.",
			"Something else listens at the address: a login page, a proxy, another service.",
			"Look at what answers with `curl -i URL`, and correct the address.",
		},
		actions.CodeClock: {
			"This computer's clock and a server's differ.",
			"Tokens and certificates live for minutes, so that a clock that is off by more makes them look expired or not yet valid.",
			"Set the clock by the network (`timedatectl set-ntp true`), then try again.",
		},
		actions.CodeStateUnreadable: {
			"A file of the state directory cannot be read.",
			"It is broken, or was written by another version.",
			"Move the file that the message names out of the way, or choose another directory with --dir.",
		},
		actions.CodeStateUnwritable: {
			"The state directory cannot be written.",
			"It is read-only, belongs to somebody else, or the disk is full.",
			"Make it writable and free some space, or name another directory with --dir.",
		},
	}
}
