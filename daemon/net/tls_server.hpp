#pragma once

// TLS towards clients on this machine.

#include "base/clock.hpp"
#include "net/client_stream.hpp"
#include "net/local_authority.hpp"

#include <boost/asio/ip/address.hpp>
#include <memory>

namespace krakken::net {

class TlsServer {
public:
    // TLS 1.2 or newer, with a certificate from `authority` for `address` that never touches the disk and is
    // replaced by a new one in good time. `clock` is the machine's own, as clients go by it; it must outlive
    // the server. Throws std::runtime_error when OpenSSL refuses.
    TlsServer(LocalAuthority authority, boost::asio::ip::address address, const base::Clock& clock);
    ~TlsServer();

    const LocalAuthority& authority() const { return authority_; }
    std::shared_ptr<ClientStream> wrap(boost::asio::ip::tcp::socket socket);

private:
    struct Context;
    void renew();

    LocalAuthority authority_;
    boost::asio::ip::address address_;
    const base::Clock& clock_;
    std::unique_ptr<Context> context_;
};

}  // namespace krakken::net
