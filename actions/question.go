package actions

import "strings"

// Question is put to a person when an action must not decide alone.
type Question struct {
	// ID names the question for programs, such as "transparency-log-consent".
	ID string
	// Text is what the person must have read before the answer counts.
	Text string
	// Prompt is the question itself, on one line.
	Prompt string
	// Secret is true when the answer must not be shown while it is typed.
	Secret bool
	// YesNo is true when the answer is a yes or a no.
	YesNo bool
	// Lasting is true when a yes holds for the rest of the session, so that the person is not asked again.
	Lasting bool
	// Choices are what can be answered in place of a text, or all that can be answered when NoText is true.
	Choices []Choice
	// NoText is true when nothing is to be typed: the work goes on by itself when what it waits for happens elsewhere, or
	// the person makes one of the choices.
	NoText bool
	// Detail tells surfaces that can show more than Text what the question is about; its type belongs to the ID. It may
	// be nil.
	Detail any
}

// Choice is one thing that a person can choose.
type Choice struct {
	// ID is the word that chooses it where one types: lower case, no space.
	ID string
	// Title says what it does, in a few words that follow "to".
	Title string
}

// Answer is what the person said: Yes for a yes-or-no question, Choice (the ID of one) when a choice was made, Text (a
// Secret, whatever it is) for any other.
type Answer struct {
	Yes    bool
	Text   Secret
	Choice string
}

// ErrNobodyToAsk is returned by Ask where no person can answer.
var ErrNobodyToAsk = &Error{
	Code: CodeNobodyToAsk,
	What: "a question must be answered and nobody is there to answer it",
	Next: "run this on a terminal, or give the answer beforehand (for cosign sign: --yes or COSIGN_YES=true)",
}

// Script is the question as one text, for surfaces that print lines and read one: what must be read, what can be chosen,
// and the prompt with a space behind it. Where nothing is to be typed and nothing can be chosen, it ends with a line.
func (q Question) Script() string {
	var b strings.Builder
	if q.Text != "" {
		b.WriteString(q.Text + "\n")
	}
	if len(q.Choices) > 0 {
		first := "Or type "
		if q.NoText {
			first = "Type "
		}
		for i, c := range q.Choices {
			if i > 0 {
				first = ", "
			}
			b.WriteString(first + c.ID + " to " + c.Title)
		}
		b.WriteString(".\n")
	}
	if q.Prompt != "" {
		b.WriteString(q.Prompt + " ")
	}
	return b.String()
}

// Read takes a line that was typed as the answer: the word of a choice for that choice, y or yes for a yes.
func (q Question) Read(line string) Answer {
	word := strings.ToLower(strings.TrimSpace(line))
	if q.YesNo {
		return Answer{Yes: word == "y" || word == "yes"}
	}
	for _, c := range q.Choices {
		if word == c.ID {
			return Answer{Choice: c.ID}
		}
	}
	return Answer{Text: NewSecret(line)}
}
