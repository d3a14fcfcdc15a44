// Loading of certificates and keys into OpenSSL contexts.
#include "plugins/lib/http/tls.hpp"

#include <ctime>
#include <filesystem>
#include <openssl/err.h>
#include <openssl/ssl.h>

#include <boost/asio/buffer.hpp>
#include <boost/asio/ssl/context.hpp>

namespace tarsier::net {
namespace {

namespace ssl = boost::asio::ssl;
using boost::system::error_code;
using Context = std::shared_ptr<ssl::context>;

Error file_error(const char* what, const std::string& file, const error_code& ec) {
  std::error_code missing;
  if (!std::filesystem::exists(file, missing)) return Error::invalid(std::string(what) + " '" + file + "': no such file");
  return Error::invalid(std::string(what) + " '" + file + "': " + ec.message());
}

/// Something in PEM: a text, or a file when there is none.
struct Pem {
  const std::string& text;
  const std::string& file;
  Error error(const char* what, const error_code& ec) const {
    return text.empty() ? file_error(what, file, ec) : Error::invalid("the text of the " + std::string(what) + ": " + ec.message());
  }
  std::string name() const { return text.empty() ? "'" + file + "'" : "given as text"; }
};

Result<void> use_certificate(ssl::context& context, const Pem& cert, const Pem& key) {
  error_code ec;
  if (cert.text.empty()) {
    context.use_certificate_chain_file(cert.file, ec);
  } else {
    context.use_certificate_chain(boost::asio::buffer(cert.text), ec);
  }
  if (ec) return cert.error("certificate", ec);
  if (key.text.empty()) {
    context.use_private_key_file(key.file, ssl::context::pem, ec);
  } else {
    context.use_private_key(boost::asio::buffer(key.text), ssl::context::pem, ec);
  }
  if (ec) return key.error("private key", ec);
  if (SSL_CTX_check_private_key(context.native_handle()) != 1) {
    ERR_clear_error();
    return Error::invalid("private key " + key.name() + " does not belong to the certificate " + cert.name());
  }
  return {};
}

Result<void> use_certificate(ssl::context& context, const std::string& cert_file, const std::string& key_file) {
  const std::string none;
  return use_certificate(context, {none, cert_file}, {none, key_file});
}

Result<void> trust(ssl::context& context, const TlsClientOptions& options) {
  error_code ec;
  if (!options.ca.empty()) {
    context.add_certificate_authority(boost::asio::buffer(options.ca), ec);
    if (ec) return Error::invalid("the text of the CA: " + ec.message());
  } else if (options.ca_file.empty()) {
    context.set_default_verify_paths(ec);
    if (ec) return Error::invalid("the system's CA certificates: " + ec.message());
  } else {
    context.load_verify_file(options.ca_file, ec);
    if (ec) return file_error("CA file", options.ca_file, ec);
  }
  return {};
}

/// Answers the client's list of protocols with http/1.1, the only one spoken here.
int choose_protocol(SSL*, const unsigned char** out, unsigned char* out_size, const unsigned char* in, unsigned int in_size,
                    void*) {
  static constexpr unsigned char kHttp11[] = "\x08http/1.1";
  unsigned char* chosen = nullptr;
  if (SSL_select_next_proto(&chosen, out_size, kHttp11, sizeof(kHttp11) - 1, in, in_size) != OPENSSL_NPN_NEGOTIATED) {
    return SSL_TLSEXT_ERR_NOACK;
  }
  *out = chosen;
  return SSL_TLSEXT_ERR_OK;
}

int64_t not_after(ssl::context& context) {
  const X509* certificate = SSL_CTX_get0_certificate(context.native_handle());
  std::tm parts{};
  if (certificate == nullptr || ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &parts) != 1) return 0;
  return timegm(&parts);
}

Result<Context> load_server(const TlsServerOptions& options) {
  auto context = std::make_shared<ssl::context>(ssl::context::tls_server);
  if (options.min_version != "1.2" && options.min_version != "1.3") {
    return Error::invalid("min_version '" + options.min_version + "': expected \"1.2\" or \"1.3\"");
  }
  SSL_CTX_set_min_proto_version(context->native_handle(), options.min_version == "1.3" ? TLS1_3_VERSION : TLS1_2_VERSION);
  SSL_CTX_set_options(context->native_handle(), SSL_OP_NO_RENEGOTIATION | SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_NO_COMPRESSION);
  SSL_CTX_set_alpn_select_cb(context->native_handle(), choose_protocol, nullptr);
  if (auto used = use_certificate(*context, options.cert_file, options.key_file); !used) return std::move(used).error();
  if (!options.client_ca_file.empty()) {
    error_code ec;
    context->load_verify_file(options.client_ca_file, ec);
    if (ec) return file_error("client CA file", options.client_ca_file, ec);
    context->set_verify_mode(ssl::verify_peer | ssl::verify_fail_if_no_peer_cert);
    SSL_CTX_set_client_CA_list(context->native_handle(), SSL_load_client_CA_file(options.client_ca_file.c_str()));
    static constexpr unsigned char kSession[] = "tarsier";  // resumption with client certificates needs a name
    SSL_CTX_set_session_id_context(context->native_handle(), kSession, sizeof(kSession) - 1);
  }
  return context;
}

}  // namespace

Result<std::shared_ptr<TlsServer>> TlsServer::load(const TlsServerOptions& options) {
  std::shared_ptr<TlsServer> server(new TlsServer(options));
  if (auto loaded = server->reload(); !loaded) return std::move(loaded).error();
  return server;
}

Result<void> TlsServer::reload() {
  auto fresh = load_server(options_);
  if (!fresh) return std::move(fresh).error();
  const std::lock_guard lock(current_mutex_);
  expires_at_ = not_after(**fresh);
  current_ = std::move(*fresh);
  return {};
}

std::shared_ptr<ssl::context> TlsServer::current() const {
  const std::lock_guard lock(current_mutex_);
  return current_;
}

int64_t TlsServer::expires_at() const {
  const std::lock_guard lock(current_mutex_);
  return expires_at_;
}

Result<Context> make_tls_client(const TlsClientOptions& options) {
  auto context = std::make_shared<ssl::context>(ssl::context::tls_client);
  SSL_CTX_set_min_proto_version(context->native_handle(), TLS1_2_VERSION);
  if (auto trusted = trust(*context, options); !trusted) return std::move(trusted).error();
  if (!options.cert.empty() || !options.cert_file.empty()) {
    const bool key_is_in_cert = options.key.empty() && options.key_file.empty();
    const Pem cert = {options.cert, options.cert_file};
    const Pem key = {key_is_in_cert ? options.cert : options.key, key_is_in_cert ? options.cert_file : options.key_file};
    if (auto used = use_certificate(*context, cert, key); !used) return std::move(used).error();
  }
  return context;
}

}  // namespace tarsier::net
