package main

import (
	"strings"
	"sync"

	"github.com/quoll/quoll/kql/bind"
	"github.com/quoll/quoll/kql/types"
)

// published are tables that Quoll does not have and that published queries join
// with, as Microsoft's table reference (Azure Monitor Logs reference, "Columns")
// gives them: names and types, in its order. Declared empty with these columns
// a query binds as it does in Sentinel, also where a name alone would not tell
// the type, or which side of a union made it.
var published = sync.OnceValue(func() map[string]*bind.Table {
	all := map[string]*bind.Table{}
	for name, text := range publishedColumns {
		d := &bind.Table{Name: name}
		for _, line := range strings.Split(strings.TrimSpace(text), "\n") {
			kind, names, _ := strings.Cut(line, ":")
			t, ok := types.ParseType(strings.TrimSpace(kind))
			if !ok {
				panic("conformance: no type " + kind + " of a column of " + name)
			}
			for _, column := range strings.Fields(names) {
				d.Columns = append(d.Columns, bind.Column{Name: column, Type: t})
			}
		}
		all[name] = d
	}
	return all
})

// publishedColumns has the columns by type.
var publishedColumns = map[string]string{
	"ThreatIntelIndicators": `
datetime: Created Modified TimeGenerated ValidFrom ValidUntil
bool: IsActive IsDeleted Revoked
int: Confidence
dynamic: AdditionalFields Data
string: AzureTenantId Id LastUpdateMethod ObservableKey ObservableValue Pattern Source SourceSystem Tags TenantId Type WorkspaceId`,

	"ThreatIntelligenceIndicator": `
datetime: ExpirationDateTime FileCompileDateTime FileCreatedDateTime TimeGenerated
bool: Active KillChainActions KillChainC2 KillChainDelivery KillChainExploitation KillChainReconnaissance KillChainWeaponization PassiveOnly
real: ConfidenceScore
int: FileSize NetworkDestinationAsn NetworkDestinationPort NetworkPort NetworkProtocol NetworkSourceAsn NetworkSourcePort ThreatSeverity
string: Action ActivityGroupNames AdditionalInformation ApplicationId AzureTenantId Description DiamondModel DomainName EmailEncoding EmailLanguage EmailRecipient EmailSenderAddress EmailSenderName EmailSourceDomain EmailSourceIpAddress EmailSubject EmailXMailer ExternalIndicatorId FileHashType FileHashValue FileMutexName FileName FilePacker FilePath FileType IndicatorId IndicatorProvider KnownFalsePositives MalwareNames NetworkCidrBlock NetworkDestinationCidrBlock NetworkDestinationIP NetworkIP NetworkSourceCidrBlock NetworkSourceIP SourceSystem Tags TenantId ThreatType TrafficLightProtocolLevel Type Url UserAgent`,

	"SigninLogs": `
datetime: CreatedDateTime TimeGenerated
bool: FlaggedForReview IsInteractive IsRisky
long: DurationMs
dynamic: ConditionalAccessPolicies DeviceDetail LocationDetails MfaDetail Status
string: AADTenantId AlternateSignInName AppDisplayName AppId AuthenticationContextClassReferences AuthenticationDetails AuthenticationMethodsUsed AuthenticationProcessingDetails AuthenticationRequirement AuthenticationRequirementPolicies AutonomousSystemNumber Category ClientAppUsed ConditionalAccessStatus CorrelationId CrossTenantAccessType HomeTenantId IPAddress IPAddressFromResourceProvider Id Identity Level Location NetworkLocationDetails OperationName OperationVersion OriginalRequestId ProcessingTimeInMilliseconds Resource ResourceDisplayName ResourceGroup ResourceId ResourceIdentity ResourceProvider ResourceServicePrincipalId ResourceTenantId ResultDescription ResultSignature ResultType RiskDetail RiskEventTypes RiskEventTypes_V2 RiskLevelAggregated RiskLevelDuringSignIn RiskState ServicePrincipalId ServicePrincipalName SessionId SessionLifetimePolicies SignInIdentifier SignInIdentifierType SourceSystem TenantId TokenIssuerName TokenIssuerType Type UniqueTokenIdentifier UserAgent UserDisplayName UserId UserPrincipalName UserType`,

	"AADNonInteractiveUserSignInLogs": `
datetime: CreatedDateTime TimeGenerated
bool: IsInteractive IsRisky
long: DurationMs
string: AADTenantId AlternateSignInName AppDisplayName AppId AuthenticationContextClassReferences AuthenticationDetails AuthenticationMethodsUsed AuthenticationProcessingDetails AuthenticationProtocol AuthenticationRequirement AuthenticationRequirementPolicies AutonomousSystemNumber Category ClientAppUsed ConditionalAccessPolicies ConditionalAccessStatus CorrelationId CrossTenantAccessType DeviceDetail HomeTenantId IPAddress Id Identity Level Location LocationDetails MfaDetail NetworkLocationDetails OperationName OperationVersion OriginalRequestId ProcessingTimeInMs ResourceDisplayName ResourceGroup ResourceIdentity ResourceServicePrincipalId ResourceTenantId ResultDescription ResultSignature ResultType RiskDetail RiskEventTypes RiskEventTypes_V2 RiskLevelAggregated RiskLevelDuringSignIn RiskState ServicePrincipalId SessionId SessionLifetimePolicies SignInIdentifierType SourceSystem Status TenantId TokenIssuerName TokenIssuerType Type UniqueTokenIdentifier UserAgent UserDisplayName UserId UserPrincipalName UserType`,

	"AuditLogs": `
datetime: ActivityDateTime TimeGenerated
long: DurationMs
dynamic: AdditionalDetails InitiatedBy TargetResources
string: AADOperationType AADTenantId ActivityDisplayName Category CorrelationId Id Identity Level Location LoggedByService OperationName OperationVersion Resource ResourceGroup ResourceId ResourceProvider Result ResultDescription ResultReason ResultSignature ResultType SourceSystem Type`,

	"Syslog": `
datetime: EventTime TimeGenerated
int: ProcessID
string: Computer Facility HostIP HostName ProcessName SeverityLevel SourceSystem SyslogMessage Type`,

	"WindowsEvent": `
datetime: TimeCreated TimeGenerated
int: EventID EventLevel SystemProcessId SystemThreadId Task Version
dynamic: Data EventData
string: Channel Computer Correlation EventLevelName EventOriginId EventRecordId Keywords ManagementGroupName Opcode Provider RawEventData SourceSystem SystemUserId Type`,

	// Of about 220 columns those that are no strings, and those about who did what.
	"SecurityEvent": `
datetime: TimeGenerated
int: AuditsDiscarded AuthenticationLevel AuthenticationService ErrorCode EventID KeyLength LogonType ServiceStartType Task
string: Account AccountDomain AccountName AccountType Activity CallerProcessName Channel ClientAddress ClientIPAddress CommandLine Computer DomainName EventData EventSourceName FailureReason FileHash FilePath IpAddress IpPort Level LogonGuid LogonID LogonProcessName LogonTypeName MemberName MemberSid NewProcessId NewProcessName ObjectName ObjectServer ObjectType ParentProcessName PrivilegeList Process ProcessId ProcessName Properties SamAccountName ServiceName ShareName SourceComputerId SourceSystem Status SubStatus SubjectAccount SubjectDomainName SubjectLogonId SubjectUserName SubjectUserSid TargetAccount TargetDomainName TargetLogonId TargetServerName TargetSid TargetUser TargetUserName TargetUserSid Type UserPrincipalName Workstation WorkstationName`,
}
