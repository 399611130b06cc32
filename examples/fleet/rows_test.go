package main

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const someID, otherID = "0123456789abcdef0123456789abcdef", "fedcba9876543210fedcba9876543210"

func TestReadRows(t *testing.T) {
	rows, err := readRows(strings.NewReader("\ufeffbusiness_name,organization_id,parent_id,name,external_metadata\r\n" +
		"\"Acme, Ltd\"," + someID + ",,,\r\n" +
		"B,,," + "acme" + ",x\r\n" +
		"C,," + someID + ",acme,\"two\nlines\"\r\n"))
	require.NoError(t, err)
	assert.Equal(t, []payload{
		{OrganizationID: someID, Profile: json.RawMessage(`{"business_name":"Acme, Ltd","external_metadata":""}`)},
		{Name: "acme", Profile: json.RawMessage(`{"business_name":"B","external_metadata":"x"}`)},
		{Name: "acme", ParentID: someID, Profile: json.RawMessage(`{"business_name":"C","external_metadata":"two\nlines"}`)},
	}, rows)
	ids := map[string]bool{}
	for _, p := range rows {
		ids[p.taskID(kindProfile)], ids[p.taskID(kindAudit)] = true, true
	}
	assert.Len(t, ids, 6)
}

func TestFilesThatAreNotValid(t *testing.T) {
	const header = "organization_id,name,parent_id,business_name\n"
	for text, want := range map[string]string{
		"":                                   "the file is empty",
		header:                               "the file has no rows",
		"organization_id,color\n":            `column 2: "color" must be one of organization_id, name, parent_id, business_name,`,
		"name,name,business_name\n":          "two columns are named name",
		"parent_id,business_name\n":          "a column must be named organization_id or name",
		"name,parent_id\n":                   "a column must be named business_name, ",
		header + ",,,A\n":                    "line 2: organization_id and name are both empty",
		header + someID + ",acme,,A\n":       "line 2: organization_id cannot be combined with name and parent_id",
		header + "abc,,,A\n":                 "line 2: organization_id must be 32 digits",
		header + ",acme,abc,A\n":             "line 2: parent_id must be 32 digits",
		header + ", acme,,A\n":               "line 2: name has white space around it",
		header + ",acme,,\xff\n":             "line 2: business_name is not UTF-8",
		header + ",acme,,A\n\n,acme,,B\n":    "line 4: line 2 is about the same organization",
		header + ",acme\n,acme,,A\n":         "record on line 2: wrong number of fields",
		header + ",acme,,A\n,\"acme,,B\n":    "line 3",
		header + ",,,A\n" + "abc,,,A\n":      "line 2: organization_id and name are both empty\nline 3: organization_id must be",
		header + strings.Repeat(",,,\n", 30): "and 10 more lines",
	} {
		rows, err := readRows(strings.NewReader(text))
		require.Error(t, err, text)
		assert.ErrorContains(t, err, want)
		_ = rows // the caller queues nothing after an error
	}
	_, err := readRows(strings.NewReader(header + strings.Repeat(fmt.Sprintf("%s,,,A\n", otherID), 2)))
	assert.ErrorContains(t, err, "line 3: line 2 is about the same organization")
}
