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

Result<void> use_certificate(ssl::context& context, const std::string& cert_file, const std::string& key_file) {
  error_code ec;
  context.use_certificate_chain_file(cert_file, ec);
  if (ec) return file_error("certificate", cert_file, ec);
  context.use_private_key_file(key_file, ssl::context::pem, ec);
  if (ec) return file_error("private key", key_file, ec);
  if (SSL_CTX_check_private_key(context.native_handle()) != 1) {
    ERR_clear_error();
    return Error::invalid("private key '" + key_file + "' does not belong to the certificate '" + cert_file + "'");
  }
  return {};
}

Error text_error(const char* what, const error_code& ec) {
  return Error::invalid(std::string(what) + " in the configuration: " + ec.message());
}

/// Either may be a text or a file; a key that is not given stands where the certificate does.
Result<void> use_client_certificate(ssl::context& context, const TlsClientOptions& options) {
  error_code ec;
  if (!options.cert.empty()) {
    context.use_certificate_chain(boost::asio::buffer(options.cert), ec);
    if (ec) return text_error("certificate", ec);
  } else {
    context.use_certificate_chain_file(options.cert_file, ec);
    if (ec) return file_error("certificate", options.cert_file, ec);
  }
  const bool own_key = !options.key.empty() || !options.key_file.empty();
  const std::string& text = own_key ? options.key : options.cert;
  const std::string& file = own_key ? options.key_file : options.cert_file;
  if (!text.empty()) {
    context.use_private_key(boost::asio::buffer(text), ssl::context::pem, ec);
    if (ec) return text_error("private key", ec);
  } else {
    context.use_private_key_file(file, ssl::context::pem, ec);
    if (ec) return file_error("private key", file, ec);
  }
  return {};  // one that does not belong to the certificate was not taken
}

Result<void> use_authorities(ssl::context& context, const TlsClientOptions& options) {
  error_code ec;
  if (!options.ca.empty()) {
    context.add_certificate_authority(boost::asio::buffer(options.ca), ec);
    if (ec) return text_error("CA certificates", ec);
  } else if (!options.ca_file.empty()) {
    context.load_verify_file(options.ca_file, ec);
    if (ec) return file_error("CA file", options.ca_file, ec);
  } else {
    context.set_default_verify_paths(ec);
    if (ec) return Error::invalid("the system's CA certificates: " + ec.message());
  }
  return {};
}

/// OpenSSL's number; 0: no bound.
Result<int> version_of(const std::string& name, int otherwise) {
  if (name.empty()) return otherwise;
  if (name == "TLS10") return TLS1_VERSION;
  if (name == "TLS11") return TLS1_1_VERSION;
  if (name == "TLS12") return TLS1_2_VERSION;
  if (name == "TLS13") return TLS1_3_VERSION;
  return Error::invalid("TLS version '" + name + "': expected TLS10, TLS11, TLS12 or TLS13");
}

Result<void> use_versions(ssl::context& context, const TlsClientOptions& options) {
  const auto least = version_of(options.min_version, TLS1_2_VERSION), most = version_of(options.max_version, 0);
  if (!least) return Error(least.error());
  if (!most) return Error(most.error());
  SSL_CTX* const native = context.native_handle();
  // What was before TLS 1.2 signs with SHA-1, which OpenSSL has at no other level.
  if (*least < TLS1_2_VERSION) SSL_CTX_set_security_level(native, 0);
  SSL_CTX_set_min_proto_version(native, *least);
  SSL_CTX_set_max_proto_version(native, *most);
  return {};
}

/// Answers the client's list of protocols with the better of those that are spoken here.
int choose_protocol(SSL*, const unsigned char** out, unsigned char* out_size, const unsigned char* in, unsigned int in_size,
                    void*) {
  static constexpr unsigned char kSpoken[] = "\x02h2\x08http/1.1";
  unsigned char* chosen = nullptr;
  if (SSL_select_next_proto(&chosen, out_size, kSpoken, sizeof(kSpoken) - 1, in, in_size) != OPENSSL_NPN_NEGOTIATED) {
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
  SSL_CTX_set_mode(context->native_handle(), SSL_MODE_RELEASE_BUFFERS);  // thousands of connections rest at a time
  if (auto used = use_versions(*context, options); !used) return std::move(used).error();
  if (auto used = use_authorities(*context, options); !used) return std::move(used).error();
  if (!options.cert.empty() || !options.cert_file.empty())
    if (auto used = use_client_certificate(*context, options); !used) return std::move(used).error();
  return context;
}

}  // namespace tarsier::net
