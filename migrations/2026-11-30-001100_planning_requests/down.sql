DROP TABLE planning_requests;
