/*
 * Enrol a user from C++: print the otpauth URI with a new secret for the account named on the command line.
 *
 *	c++ enrol.cpp $(pkg-config --cflags --libs doubletour-otp)
 *	./a.out alice@example.org | qrencode -t utf8
 */
#include <doubletour/otp.h>

#include <array>
#include <iostream>
#include <string>

namespace
{

/* An otp_uri that wipes its secret. */
class Enrolment
{
      public:
	Enrolment(const std::string &issuer, const std::string &account) : uri(OTP_URI_DEFAULT)
	{
		issuer.copy(uri.issuer, OTP_NAME_MAX);
		account.copy(uri.account, OTP_NAME_MAX);
	}
	~Enrolment()
	{
		otp_uri_wipe(&uri);
	}
	Enrolment(const Enrolment &) = delete;
	Enrolment &operator=(const Enrolment &) = delete;

	bool
	make_secret()
	{
		uri.secret_n = OTP_SECRET_DEFAULT;
		return otp_secret_random(uri.secret, uri.secret_n, 0) == OTP_OK;
	}

	/* Returns an empty string when the names cannot be written in a URI. */
	std::string
	text() const
	{
		std::array<char, OTP_URI_SIZE> room{};

		return otp_uri_build(&uri, 0, room.data(), room.size()) == OTP_OK ? room.data() : "";
	}

      private:
	otp_uri uri;
};

} // namespace

int
main(int argc, char **argv)
{
	if (argc != 2) {
		std::cerr << "usage: enrol ACCOUNT\n";
		return 2;
	}
	Enrolment enrolment("Example", argv[1]);
	if (!enrolment.make_secret() || enrolment.text().empty()) {
		std::cerr << "enrol: a URI cannot contain this name\n";
		return 1;
	}
	std::cout << enrolment.text() << '\n';
	return 0;
}
