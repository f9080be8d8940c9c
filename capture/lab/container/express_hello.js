// Workload node-express: one page on port 3000.
const express = require('express')
const app = express()
app.get('/', (request, response) => response.send('Hello World!'))
app.listen(3000, '0.0.0.0')
