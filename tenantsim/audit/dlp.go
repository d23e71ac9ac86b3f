package audit

// DLP is a match of a data loss prevention rule (RecordType 11 and 13). The
// values that matched are left out, as for an application without
// ActivityFeed.ReadDlp.
type DLP struct {
	Common
	IncidentID                       string `json:"IncidentId"`
	PolicyDetails                    []DLPPolicy
	SensitiveInfoDetectionIsIncluded bool
	SharePointMetaData               *SharePointMetaData `json:",omitempty"`
	ExchangeMetaData                 *ExchangeMetaData   `json:",omitempty"`
}

// DLPPolicy is a policy with the rules of it that matched.
type DLPPolicy struct {
	PolicyID   string `json:"PolicyId"`
	PolicyName string
	Rules      []DLPRule
}

// DLPRule is a rule that matched.
type DLPRule struct {
	Actions           []string
	ConditionsMatched DLPConditions
	RuleID            string `json:"RuleId"`
	RuleMode          string
	RuleName          string
	Severity          string
}

// DLPConditions says what matched.
type DLPConditions struct {
	OtherConditions      []NameValue `json:",omitempty"`
	SensitiveInformation []SensitiveInformation
}

// SensitiveInformation is one kind of sensitive text that was found.
type SensitiveInformation struct {
	Confidence                   int
	Count                        int
	Location                     string
	SensitiveInformationTypeName string
	SensitiveType                string // GUID; names by resources/dlpSensitiveTypes
	UniqueCount                  int
}

// SharePointMetaData is the document that matched.
type SharePointMetaData struct {
	FileName                  string
	FileOwner                 string
	FilePathURL               string `json:"FilePathUrl"`
	From                      string
	IsViewableByExternalUsers bool
	ItemCreationTime          string
	ItemLastModifiedTime      string
	SiteCollectionGUID        string `json:"SiteCollectionGuid"`
	SiteCollectionURL         string `json:"SiteCollectionUrl"`
	UniqueID                  string
}

// ExchangeMetaData is the message that matched.
type ExchangeMetaData struct {
	BCC            []string
	CC             []string
	FileSize       int
	From           string
	MessageID      string
	RecipientCount int
	Sent           string
	Subject        string
	To             []string
	UniqueID       string
}

// SensitiveType is an entry of resources/dlpSensitiveTypes.
type SensitiveType struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

// SensitiveTypes returns the kinds of sensitive text that the tenant's policies
// look for, with Microsoft's identifiers.
func SensitiveTypes() []SensitiveType {
	return []SensitiveType{
		{"50842eb7-edc8-4019-85dd-5a5c1f2bb085", "Credit Card Number"},
		{"e29bc95f-ff70-4a37-aa01-04d17360a4c5", "Australia Tax File Number"},
		{"74a54de9-2a30-4aa0-a8aa-3d9327fc07c7", "Australia Bank Account Number"},
	}
}
