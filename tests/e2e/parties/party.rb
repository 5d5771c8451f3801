# An application with omniauth-openid-connect: prints its authorization URL, reads the URL that the browser came back to,
# and prints the data that OmniAuth gives the application.
require "json"
require "rack"
require "rack/mock"
require "omniauth_openid_connect"

issuer, id, secret, redirect = ARGV
port = URI.parse(issuer).port
SWD.url_builder = URI::HTTP # the issuer of a test has no TLS
WebFinger.url_builder = URI::HTTP
OmniAuth.config.logger = Logger.new($stderr)
OmniAuth.config.allowed_request_methods = [:get]
OmniAuth.config.silence_get_warning = true

inner = lambda do |env|
  auth = env["omniauth.auth"]
  [200, {}, [auth ? JSON.generate(uid: auth.uid, info: auth.info, raw: auth.extra.raw_info) : "nothing"]]
end
app = Rack::Builder.new do
  use Rack::Session::Cookie, secret: "of this test only, and longer than sixty-four bytes, as Rack wants a secret to be"
  use OmniAuth::Builder do
    provider :openid_connect,
             name: :openid_connect, issuer: issuer, discovery: true, scope: %i[openid profile email groups],
             uid_field: "sub",
             client_options: { identifier: id, secret: secret, redirect_uri: redirect, host: "localhost", port: port, scheme: "http" }
  end
  run inner
end.to_app

browser = Rack::MockRequest.new(app)
asked = browser.get("http://127.0.0.1/auth/openid_connect")
abort "failed: #{asked.status} #{asked.body}" unless asked.status == 302
puts asked["Location"]
$stdout.flush
back = URI.parse($stdin.gets.chomp)
cookie = asked["Set-Cookie"].split(";").first
reply = browser.get("http://127.0.0.1/auth/openid_connect/callback?#{back.query}", "HTTP_COOKIE" => cookie)
abort "failed: #{reply.status} #{reply["Location"]} #{reply.body}" unless reply.status == 200
puts reply.body
