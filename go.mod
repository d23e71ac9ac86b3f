module github.com/quoll/quoll

go 1.26
