package servertest

import (
	"context"

	"github.com/quoll/quoll/server"
)

// Dashboards implements server.Dashboards: one that ships, one of somebody's own,
// and one whose file is wrong.
func (c *Canned) Dashboards(context.Context) ([]server.DashboardEntry, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]server.DashboardEntry{
		{ID: "broken", Title: "broken", Own: true, Problem: "broken.yaml: tiles: 0; a dashboard has 1 to 60"},
		exchange().DashboardEntry,
		{ID: "finance", Title: "Finance", Description: "What happens to the files of the finance team.", Own: true, Tiles: 2},
	}, c.brought...), nil
}

// Dashboard implements server.Dashboards.
func (c *Canned) Dashboard(_ context.Context, id string) (*server.Dashboard, error) {
	switch id {
	case "exchange":
		return exchange(), nil
	case "broken":
		return nil, &server.Failure{Code: server.CodeConflict, Message: "broken.yaml: tiles: 0; a dashboard has 1 to 60"}
	}
	return nil, server.ErrNotFound
}

// exchange has a tile of every kind, an empty one and one with a mistake.
func exchange() *server.Dashboard {
	declared := "declare query_parameters(person:string);\n"
	return &server.Dashboard{
		DashboardEntry: server.DashboardEntry{ID: "exchange", Title: "Exchange", Description: "Who reads, sends and arranges mail, from where.", Tiles: 9},
		Range:          "P1D",
		Parameters: []server.DashboardParameter{
			{Name: "person", Label: "Person", Type: "string"},
			{Name: "workload", Label: "Workload", Type: "string", Default: "Exchange", Values: []string{"Exchange", "SharePoint"}},
		},
		Contents: []server.DashboardTile{
			{Title: "Messages delivered", Width: 1, Height: "small", Query: "OfficeActivity | render card"},
			{Width: 3, Height: "small", Text: "What the mail team looks at each morning.\n\nAsk them before a mailbox is closed."},
			{Title: "Activity by the hour", Width: 4, Height: "medium", Query: declared + "OfficeActivity | where UserId has person | render timechart", Parameters: []string{"person"}},
			{Title: "Operations", Width: 2, Height: "medium", Query: "OfficeActivity | render barchart"},
			{Title: "Programs that read mail", Width: 2, Height: "medium", Query: "OfficeActivity | render piechart"},
			{Title: "Inbox rules that were made", Width: 4, Height: "medium", Query: "OfficeActivity | take 30"},
			{Title: "Mail read by others", Width: 2, Height: "small", Query: "nothing"},
			{Title: "A tile with a mistake", Width: 2, Height: "small", Query: "OfficeActivity | where NoSuchColumn == 1"},
			{Title: "More", Width: 4, Height: "small", Links: []server.DashboardLink{{Title: "Incidents", URL: "/incidents"}, {Title: "Microsoft's list of operations", URL: "https://learn.microsoft.com/purview/audit-log-activities"}}},
		},
	}
}
