package verification

import (
	"encoding/json"
	"errors"

	"google.golang.org/protobuf/types/known/structpb"
)

// errAnnotation is what cosign says when a wanted annotation is not there.
var errAnnotation = errors.New("missing or incorrect annotation")

// checkStatement holds the annotations of a bundle's statement against those of the policy. cosign 2.6.5 does not look at
// them and says that it did; this is what 3.1.3 does.
func (j *judgement) checkStatement(s *Signature) error {
	if j.policy.SkipClaims || len(j.policy.Annotations) == 0 {
		return nil
	}
	have, err := s.statementAnnotations(j.digest.Algorithm, j.digest.Hex)
	if err != nil {
		return err
	}
	for k, want := range j.policy.Annotations {
		if have[k] != want {
			return errAnnotation
		}
	}
	return nil
}

// statementAnnotations returns the annotations beside the digest in the statement of a bundle.
func (s *Signature) statementAnnotations(algorithm, digest string) (map[string]any, error) {
	envelope, err := s.bundle.Envelope()
	if err != nil {
		return nil, err
	}
	statement, err := envelope.Statement()
	if err != nil {
		return nil, err
	}
	for _, subject := range statement.GetSubject() {
		if subject.GetDigest()[algorithm] == digest {
			return asMap(subject.GetAnnotations()), nil
		}
	}
	return nil, errors.New("no matching subject digest found")
}

func asMap(s *structpb.Struct) map[string]any {
	if s == nil {
		return nil
	}
	return s.AsMap()
}

// describeStatement fills in what an attestation of a tag is about.
func (s *Signature) describeStatement() {
	var envelope struct {
		Payload []byte `json:"payload"`
	}
	var statement struct {
		PredicateType string `json:"predicateType"`
	}
	if json.Unmarshal(s.Payload, &envelope) == nil && json.Unmarshal(envelope.Payload, &statement) == nil {
		s.PredicateType = statement.PredicateType
	}
}
