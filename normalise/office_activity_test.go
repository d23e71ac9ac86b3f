package normalise_test

import (
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/quoll/quoll/model"
	"github.com/quoll/quoll/normalise"
	"github.com/quoll/quoll/schema"
)

// officeColumns are the columns of OfficeActivity in their order, each with the
// field of an audit record that fills it, that field as a record has it, and
// what the column then holds. Columns without a field are constant.
var officeColumns = []struct{ column, field, raw, want string }{
	{"TenantId", "", "", `w1`},
	{"Application", "Application", `"the Application"`, `the Application`},
	{"UserDomain", "UserDomain", `"the UserDomain"`, `the UserDomain`},
	{"Activity", "Activity", `"the Activity"`, `the Activity`},
	{"UserAgent", "UserAgent", `"the UserAgent"`, `the UserAgent`},
	{"RecordType", "RecordType", `2`, `ExchangeItem`},
	{"TimeGenerated", "CreationTime", `"2026-09-14T08:25:40"`, `2026-09-14T08:25:40Z`},
	{"Operation", "Operation", `"the Operation"`, `the Operation`},
	{"OrganizationId", "OrganizationId", `"the OrganizationId"`, `the OrganizationId`},
	{"UserType", "UserType", `3`, `DcAdmin`},
	{"UserKey", "UserKey", `"the UserKey"`, `the UserKey`},
	{"OfficeWorkload", "Workload", `"Exchange"`, `Exchange`},
	{"ResultStatus", "ResultStatus", `"the ResultStatus"`, `the ResultStatus`},
	{"ResultReasonType", "ResultStatus", `"the ResultStatus"`, `the ResultStatus`},
	{"OfficeObjectId", "ObjectId", `"the ObjectId"`, `the ObjectId`},
	{"UserId", "UserId", `"the UserId"`, `the UserId`},
	{"ClientIP", "ClientIP", `"[2001:db8::5]:54088"`, `[2001:db8::5]:54088`},
	{"Site_", "Site", `"the Site"`, `the Site`},
	{"ItemType", "ItemType", `"the ItemType"`, `the ItemType`},
	{"EventSource", "EventSource", `"the EventSource"`, `the EventSource`},
	{"Source_Name", "SourceName", `"the SourceName"`, `the SourceName`},
	{"MachineDomainInfo", "MachineDomainInfo", `"the MachineDomainInfo"`, `the MachineDomainInfo`},
	{"MachineId", "MachineId", `"the MachineId"`, `the MachineId`},
	{"Site_Url", "SiteUrl", `"the SiteUrl"`, `the SiteUrl`},
	{"SourceRelativeUrl", "SourceRelativeUrl", `"the SourceRelativeUrl"`, `the SourceRelativeUrl`},
	{"SourceFileName", "SourceFileName", `"the SourceFileName"`, `the SourceFileName`},
	{"SourceFileExtension", "SourceFileExtension", `"the SourceFileExtension"`, `the SourceFileExtension`},
	{"DestinationRelativeUrl", "DestinationRelativeUrl", `"the DestinationRelativeUrl"`, `the DestinationRelativeUrl`},
	{"DestinationFileName", "DestinationFileName", `"the DestinationFileName"`, `the DestinationFileName`},
	{"DestinationFileExtension", "DestinationFileExtension", `"the DestinationFileExtension"`, `the DestinationFileExtension`},
	{"UserSharedWith", "UserSharedWith", `"the UserSharedWith"`, `the UserSharedWith`},
	{"SharingType", "SharingType", `"the SharingType"`, `the SharingType`},
	{"CustomEvent", "CustomEvent", `"the CustomEvent"`, `the CustomEvent`},
	{"Event_Data", "EventData", `"the EventData"`, `the EventData`},
	{"ModifiedObjectResolvedName", "ModifiedObjectResolvedName", `"the ModifiedObjectResolvedName"`, `the ModifiedObjectResolvedName`},
	{"Parameters", "Parameters", `[{"Value":"move","Name":"Name"}]`, `[{"Value":"move","Name":"Name"}]`},
	{"ExternalAccess", "ExternalAccess", `true`, `True`},
	{"OriginatingServer", "OriginatingServer", `"AB1PR01MB0001 (15.20.9999.010)\r\n"`, "AB1PR01MB0001 (15.20.9999.010)\r\n"},
	{"OrganizationName", "OrganizationName", `"the OrganizationName"`, `the OrganizationName`},
	{"Logon_Type", "LogonType", `2`, `Delegated`},
	{"InternalLogonType", "InternalLogonType", `6`, `6`},
	{"MailboxGuid", "MailboxGuid", `"the MailboxGuid"`, `the MailboxGuid`},
	{"MailboxOwnerUPN", "MailboxOwnerUPN", `"the MailboxOwnerUPN"`, `the MailboxOwnerUPN`},
	{"MailboxOwnerSid", "MailboxOwnerSid", `"the MailboxOwnerSid"`, `the MailboxOwnerSid`},
	{"MailboxOwnerMasterAccountSid", "MailboxOwnerMasterAccountSid", `"the MailboxOwnerMasterAccountSid"`, `the MailboxOwnerMasterAccountSid`},
	{"LogonUserSid", "LogonUserSid", `"the LogonUserSid"`, `the LogonUserSid`},
	{"LogonUserDisplayName", "LogonUserDisplayName", `"the LogonUserDisplayName"`, `the LogonUserDisplayName`},
	{"ClientInfoString", "ClientInfoString", `"the ClientInfoString"`, `the ClientInfoString`},
	{"Client_IPAddress", "ClientIPAddress", `"the ClientIPAddress"`, `the ClientIPAddress`},
	{"ClientMachineName", "ClientMachineName", `"the ClientMachineName"`, `the ClientMachineName`},
	{"ClientProcessName", "ClientProcessName", `"the ClientProcessName"`, `the ClientProcessName`},
	{"ClientVersion", "ClientVersion", `"the ClientVersion"`, `the ClientVersion`},
	{"Folder", "Folder", `{"Path":"\\Inbox","Id":"LgAA"}`, `{"Path":"\\Inbox","Id":"LgAA"}`},
	{"CrossMailboxOperations", "CrossMailboxOperations", `false`, `false`},
	{"DestMailboxId", "DestMailboxId", `"the DestMailboxId"`, `the DestMailboxId`},
	{"DestMailboxOwnerUPN", "DestMailboxOwnerUPN", `"the DestMailboxOwnerUPN"`, `the DestMailboxOwnerUPN`},
	{"DestMailboxOwnerSid", "DestMailboxOwnerSid", `"the DestMailboxOwnerSid"`, `the DestMailboxOwnerSid`},
	{"DestMailboxOwnerMasterAccountSid", "DestMailboxOwnerMasterAccountSid", `"the DestMailboxOwnerMasterAccountSid"`, `the DestMailboxOwnerMasterAccountSid`},
	{"DestFolder", "DestFolder", `[{"DestFolder":1}]`, `[{"DestFolder":1}]`},
	{"Folders", "Folders", `[{"Folders":1}]`, `[{"Folders":1}]`},
	{"AffectedItems", "AffectedItems", `[{"AffectedItems":1}]`, `[{"AffectedItems":1}]`},
	{"Item", "Item", `[{"Item":1}]`, `[{"Item":1}]`},
	{"ModifiedProperties", "ModifiedProperties", `["AttachmentCollection"]`, `["AttachmentCollection"]`},
	{"SendAsUserSmtp", "SendAsUserSmtp", `"the SendAsUserSmtp"`, `the SendAsUserSmtp`},
	{"SendAsUserMailboxGuid", "SendAsUserMailboxGuid", `"the SendAsUserMailboxGuid"`, `the SendAsUserMailboxGuid`},
	{"SendOnBehalfOfUserSmtp", "SendOnBehalfOfUserSmtp", `"the SendOnBehalfOfUserSmtp"`, `the SendOnBehalfOfUserSmtp`},
	{"SendonBehalfOfUserMailboxGuid", "SendOnBehalfOfUserMailboxGuid", `"the SendOnBehalfOfUserMailboxGuid"`, `the SendOnBehalfOfUserMailboxGuid`},
	{"ExtendedProperties", "ExtendedProperties", `[{"ExtendedProperties":1}]`, `[{"ExtendedProperties":1}]`},
	{"Client", "Client", `"the Client"`, `the Client`},
	{"LoginStatus", "LoginStatus", `7`, `7`},
	{"Actor", "Actor", `[{"Actor":1}]`, `[{"Actor":1}]`},
	{"ActorContextId", "ActorContextId", `"the ActorContextId"`, `the ActorContextId`},
	{"ActorIpAddress", "ActorIpAddress", `"the ActorIpAddress"`, `the ActorIpAddress`},
	{"InterSystemsId", "InterSystemsId", `"the InterSystemsId"`, `the InterSystemsId`},
	{"IntraSystemId", "IntraSystemId", `"the IntraSystemId"`, `the IntraSystemId`},
	{"SupportTicketId", "SupportTicketId", `"the SupportTicketId"`, `the SupportTicketId`},
	{"TargetContextId", "TargetContextId", `"the TargetContextId"`, `the TargetContextId`},
	{"DataCenterSecurityEventType", "DataCenterSecurityEventType", `7`, `7`},
	{"EffectiveOrganization", "EffectiveOrganization", `"the EffectiveOrganization"`, `the EffectiveOrganization`},
	{"ElevationTime", "ElevationTime", `"2026-09-13T01:02:03"`, `2026-09-13T01:02:03Z`},
	{"ElevationApprover", "ElevationApprover", `"the ElevationApprover"`, `the ElevationApprover`},
	{"ElevationApprovedTime", "ElevationApprovedTime", `"2026-09-13T01:02:03"`, `2026-09-13T01:02:03Z`},
	{"ElevationRequestId", "ElevationRequestId", `"the ElevationRequestId"`, `the ElevationRequestId`},
	{"ElevationRole", "ElevationRole", `"the ElevationRole"`, `the ElevationRole`},
	{"ElevationDuration", "ElevationDuration", `7`, `7`},
	{"GenericInfo", "GenericInfo", `"the GenericInfo"`, `the GenericInfo`},
	{"SourceSystem", "", "", `OfficeActivityManager`},
	{"OfficeId", "Id", `"5b1f2c7e-0c0d-4c61-8f3e-2f3c1d9b7a10"`, `5b1f2c7e-0c0d-4c61-8f3e-2f3c1d9b7a10`},
	{"SourceRecordId", "Id", `"5b1f2c7e-0c0d-4c61-8f3e-2f3c1d9b7a10"`, `5b1f2c7e-0c0d-4c61-8f3e-2f3c1d9b7a10`},
	{"AzureActiveDirectory_EventType", "AzureActiveDirectoryEventType", `1`, `1`},
	{"AADTarget", "Target", `[{"Target":1}]`, `[{"Target":1}]`},
	{"Start_Time", "StartTime", `"2026-09-13T01:02:03"`, `2026-09-13T01:02:03Z`},
	{"OfficeTenantId", "", "", `$RestApiTenantId$`},
	{"TargetUserOrGroupName", "TargetUserOrGroupName", `"the TargetUserOrGroupName"`, `the TargetUserOrGroupName`},
	{"TargetUserOrGroupType", "TargetUserOrGroupType", `"the TargetUserOrGroupType"`, `the TargetUserOrGroupType`},
	{"MessageId", "MessageId", `"the MessageId"`, `the MessageId`},
	{"Members", "Members", `[{"Members":true}]`, `[{"Members":true}]`},
	{"TeamName", "TeamName", `"the TeamName"`, `the TeamName`},
	{"TeamGuid", "TeamGuid", `"the TeamGuid"`, `the TeamGuid`},
	{"ChannelType", "ChannelType", `"the ChannelType"`, `the ChannelType`},
	{"ChannelName", "ChannelName", `"the ChannelName"`, `the ChannelName`},
	{"ChannelGuid", "ChannelGuid", `"the ChannelGuid"`, `the ChannelGuid`},
	{"ExtraProperties", "ExtraProperties", `[{"ExtraProperties":true}]`, `[{"ExtraProperties":true}]`},
	{"AddOnType", "AddOnType", `3`, `3`},
	{"AddonName", "AddOnName", `"the AddOnName"`, `the AddOnName`},
	{"TabType", "TabType", `"the TabType"`, `the TabType`},
	{"Name", "Name", `"the Name"`, `the Name`},
	{"OldValue", "OldValue", `"the OldValue"`, `the OldValue`},
	{"NewValue", "NewValue", `"the NewValue"`, `the NewValue`},
	{"ItemName", "ItemName", `"the ItemName"`, `the ItemName`},
	{"ChatThreadId", "ChatThreadId", `"the ChatThreadId"`, `the ChatThreadId`},
	{"ChatName", "ChatName", `"the ChatName"`, `the ChatName`},
	{"CommunicationType", "CommunicationType", `"the CommunicationType"`, `the CommunicationType`},
	{"AADGroupId", "AADGroupId", `"the AADGroupId"`, `the AADGroupId`},
	{"AddOnGuid", "AddOnGuid", `"the AddOnGuid"`, `the AddOnGuid`},
	{"AppDistributionMode", "AppDistributionMode", `"the AppDistributionMode"`, `the AppDistributionMode`},
	{"TargetUserId", "TargetUserId", `"the TargetUserId"`, `the TargetUserId`},
	{"OperationScope", "OperationScope", `"the OperationScope"`, `the OperationScope`},
	{"AzureADAppId", "AzureADAppId", `"the AzureADAppId"`, `the AzureADAppId`},
	{"OperationProperties", "OperationProperties", `[{"OperationProperties":true}]`, `[{"OperationProperties":true}]`},
	{"AppId", "AppId", `"the AppId"`, `the AppId`},
	{"ClientAppId", "ClientAppId", `"the ClientAppId"`, `the ClientAppId`},
	{"ApplicationId", "ApplicationId", `"the ApplicationId"`, `the ApplicationId`},
	{"SRPolicyId", "SRPolicyId", `"the SRPolicyId"`, `the SRPolicyId`},
	{"SRPolicyName", "SRPolicyName", `"the SRPolicyName"`, `the SRPolicyName`},
	{"SRRuleMatchDetails", "SRRuleMatchDetails", `[{"SRRuleMatchDetails":true}]`, `[{"SRRuleMatchDetails":true}]`},
	{"IsManagedDevice", "IsManagedDevice", `false`, `false`},
	{"AppPoolName", "AppPoolName", `"the AppPoolName"`, `the AppPoolName`},
	{"AppAccessContext", "AppAccessContext", `[{"AppAccessContext":true}]`, `[{"AppAccessContext":true}]`},
	{"Attendees", "Attendees", `[{"Attendees":true}]`, `[{"Attendees":true}]`},
	{"ArtifactsShared", "ArtifactsShared", `[{"ArtifactsShared":true}]`, `[{"ArtifactsShared":true}]`},
	{"IsJoinedFromLobby", "IsJoinedFromLobby", `false`, `false`},
	{"JoinTime", "JoinTime", `"2026-09-13T01:02:03"`, `2026-09-13T01:02:03Z`},
	{"LeaveTime", "LeaveTime", `"2026-09-13T01:02:03"`, `2026-09-13T01:02:03Z`},
	{"DeviceInformation", "DeviceInformation", `"the DeviceInformation"`, `the DeviceInformation`},
	{"MeetingDetailId", "MeetingDetailId", `"the MeetingDetailId"`, `the MeetingDetailId`},
	{"ListItemUniqueId", "ListItemUniqueId", `"the ListItemUniqueId"`, `the ListItemUniqueId`},
	{"SensitivityLabelId", "SensitivityLabelId", `"the SensitivityLabelId"`, `the SensitivityLabelId`},
	{"UniqueSharingId", "UniqueSharingId", `"the UniqueSharingId"`, `the UniqueSharingId`},
	{"Type", "", "", `OfficeActivity`},
	{"_IsBillable", "", "", `True`},
	{"_BilledSize", "", "", `size`},
	{"_ResourceId", "", "", `null`},
	{"_SubscriptionId", "", "", `null`},
}

// Every column of OfficeActivity, filled from its field and from nothing else.
func TestOfficeActivityColumns(t *testing.T) {
	var members []string
	seen := map[string]bool{}
	for _, c := range officeColumns {
		if c.field != "" && !seen[c.field] {
			seen[c.field] = true
			members = append(members, fmt.Sprintf("%q:%s", c.field, c.raw))
		}
	}
	record := "{" + strings.Join(members, ",") + "}"
	row := officeRow(t, record)
	if len(row.Table.Columns) != len(officeColumns) {
		t.Fatalf("the table has %d columns, the test %d", len(row.Table.Columns), len(officeColumns))
	}
	for i, c := range officeColumns {
		if name := row.Table.Columns[i].Name; name != c.column {
			t.Errorf("column %d is %s, want %s", i, name, c.column)
			continue
		}
		want := c.want
		if c.column == "_BilledSize" {
			want = strconv.Itoa(len(record))
		}
		if got := row.Value(i).String(); got != want {
			t.Errorf("%s = %q, want %q", c.column, got, want)
		}
	}
}

// A column whose field is absent, null or "" is empty; but Start_Time and
// ElevationTime then say when the record was picked up.
func TestOfficeActivityColumnsWithoutAField(t *testing.T) {
	always := map[string]string{
		"TimeGenerated": "2026-09-14T08:25:40Z", "OfficeWorkload": "Exchange",
		"Start_Time": "2026-10-01T12:00:00Z", "ElevationTime": "2026-10-01T12:00:00Z",
	}
	for _, absent := range []string{"", "null", `""`} {
		record := `{"CreationTime":"2026-09-14T08:25:40","Workload":"Exchange"`
		for _, c := range officeColumns {
			if absent != "" && c.field != "" && always[c.column] == "" {
				record += fmt.Sprintf(",%q:%s", c.field, absent)
			}
		}
		row := officeRow(t, record+"}")
		for i, c := range officeColumns {
			want := always[c.column]
			if want == "" {
				want = "null"
			}
			if got := row.Value(i).String(); c.field != "" && got != want {
				t.Errorf("with %q for a field: %s = %q, want %q", absent, c.column, got, want)
			}
		}
	}
}

func officeRow(t *testing.T, record string) schema.Row {
	t.Helper()
	r := rowsOf(t, model.FormatAuditLines, record)
	if len(r.Records) != 1 || len(r.Records[0].Rows) != 2 {
		t.Fatalf("%d records, %d rejects: want one record with a row of OfficeActivity", len(r.Records), len(r.Rejects))
	}
	return r.Records[0].Rows[1]
}

// Which records Sentinel's connector takes: by workload and content type, never
// by record type. All of them are in UnifiedAuditLog.
func TestOfficeActivityTakes(t *testing.T) {
	for _, c := range []struct {
		workload, content string
		taken             bool
	}{
		{"Exchange", "Audit.Exchange", true},
		{"Exchange", "", true}, // an import
		{"Exchange", "DLP.All", false},
		{"Exchange", "Audit.General", false},
		{"SharePoint", "Audit.SharePoint", true},
		{"OneDrive", "Audit.SharePoint", true},
		{"OneDrive", "", true},
		{"OneDrive", "DLP.All", false},
		{"MicrosoftTeams", "Audit.General", true},
		{"MicrosoftTeams", "Audit.Exchange", false},
		{"AzureActiveDirectory", "Audit.AzureActiveDirectory", false},
		{"SecurityComplianceCenter", "Audit.General", false},
		{"ThreatIntelligence", "Audit.General", false},
		{"PowerBI", "Audit.General", false},
		{"Copilot", "Audit.General", false},
		{"Yammer", "", false},
		{"exchange", "", false},
		{"", "", false},
	} {
		for _, recordType := range []int{1, 11, 50, 99999} {
			body := fmt.Sprintf(`{"Id":"a","CreationTime":"2026-09-14T08:21:07","RecordType":%d,"Workload":%q}`, recordType, c.workload)
			r := normalise.New(normalise.Config{}).Payload(model.Payload{
				Format: model.FormatAuditLines, ContentType: c.content, Body: []byte(body), Received: received,
			})
			rows := r.Records[0].Rows
			if rows[0].Table.Name != schema.UnifiedAuditLog || (len(rows) == 2) != c.taken {
				t.Errorf("workload %q of %q, type %d: %d rows, want OfficeActivity: %v", c.workload, c.content, recordType, len(rows), c.taken)
			}
		}
	}
}

// Microsoft has named 472 record types. Others, above, between and below, are
// kept by their digits and counted.
func TestRecordTypeNames(t *testing.T) {
	named := 0
	for number := -1; number <= 600; number++ {
		body := fmt.Sprintf(`{"Id":"a","CreationTime":"2026-09-14T08:21:07","RecordType":%d,"Workload":"Exchange"}`, number)
		r := rowsOf(t, model.FormatAuditLines, body)
		digits := strconv.Itoa(number)
		name := valueOf(t, r, "UnifiedAuditLog", "RecordTypeName")
		if got := valueOf(t, r, "UnifiedAuditLog", "RecordType"); got != digits {
			t.Errorf("type %d became %s", number, got)
		}
		want := name
		if number > 25 {
			want = digits // as Sentinel does
		}
		if got := valueOf(t, r, "OfficeActivity", "RecordType"); got != want {
			t.Errorf("type %d is %q in OfficeActivity, want %q", number, got, want)
		}
		if known := name != digits; known {
			named++
		} else if r.Counts.RecordTypes[int64(number)] != 1 {
			t.Errorf("type %d has no name and is not counted", number)
		}
	}
	if named != 472 {
		t.Errorf("%d record types have a name, want 472", named)
	}
}
