"""Workload python-tornado: one page on port 8888."""
import tornado.ioloop
import tornado.web


class Hello(tornado.web.RequestHandler):
    def get(self):
        self.write("Hello, world")


tornado.web.Application([(r"/", Hello)]).listen(8888)
tornado.ioloop.IOLoop.current().start()
