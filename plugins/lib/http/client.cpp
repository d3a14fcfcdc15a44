// Client: checks requests, shares TLS contexts and pools, and knows which calls run.
#include "plugins/lib/http/client.hpp"

#include <algorithm>
#include <condition_variable>
#include <filesystem>
#include <mutex>
#include <openssl/crypto.h>
#include <openssl/sha.h>
#include <sys/resource.h>
#include <unordered_map>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/ssl/context.hpp>

#include "plugins/lib/http/client_call.hpp"

namespace tarsier::net {
namespace {

/// Stands for texts that may be keys, which are not kept in many places.
std::string digest(const TlsClientOptions& tls) {
  std::string texts, out(SHA256_DIGEST_LENGTH, '\0');
  for (const std::string* text : {&tls.ca, &tls.cert, &tls.key})
    texts.append(std::to_string(text->size())).append(":").append(*text);
  SHA256(reinterpret_cast<const unsigned char*>(texts.data()), texts.size(), reinterpret_cast<unsigned char*>(out.data()));
  OPENSSL_cleanse(texts.data(), texts.size());
  return out;
}

/// Names the options, and the state of the files in them: a replaced certificate is another key.
std::string tls_key(const TlsClientOptions& tls) {
  std::string key = tls.insecure_skip_verify ? "insecure" : "";
  for (const std::string* file : {&tls.ca_file, &tls.cert_file, &tls.key_file}) {
    key.append("|").append(*file);
    if (file->empty()) continue;
    std::error_code missing;  // loading says so
    const auto changed = std::filesystem::last_write_time(*file, missing);
    if (!missing) key.append("@").append(std::to_string(changed.time_since_epoch().count()));
  }
  if (!tls.ca.empty() || !tls.cert.empty() || !tls.key.empty()) key.append("|").append(digest(tls));
  return key.append("|").append(tls.min_version).append("|").append(tls.max_version).append("|").append(tls.server_name);
}

/// What the caller holds. It must not hold the call itself, which belongs to its network thread.
class Handle final : public ClientCall {
 public:
  explicit Handle(const std::shared_ptr<Call>& call) : call_(call) {}
  void cancel() override {
    if (const auto call = call_.lock()) call->cancel();
  }

 private:
  const std::weak_ptr<Call> call_;
};

Result<void> check(const ClientRequest& request) {
  const auto is_letter = [](char c) { return (c >= 'A' && c <= 'Z') || c == '-'; };
  if (request.method.empty() || !std::all_of(request.method.begin(), request.method.end(), is_letter)) {
    return Error::invalid("method '" + request.method + "': expected upper-case letters");
  }
  for (const Header& each : request.headers) {
    if (!is_valid_field(each.name, each.value)) return Error::invalid("header '" + each.name + "': malformed name or value");
  }
  return {};
}

/// Other things need files as well.
ClientLimits bounded(ClientLimits limits) {
  rlimit files{};
  if (::getrlimit(RLIMIT_NOFILE, &files) == 0)
    limits.max_idle_connections = std::min<size_t>(limits.max_idle_connections, files.rlim_cur / 2);
  return limits;
}

}  // namespace

struct Client::Shared {
  Shared(IoThreads& the_threads, Executor& the_executor, ClientLimits the_limits)
      : threads(the_threads), executor(the_executor), limits(bounded(std::move(the_limits))) {
    for (size_t i = 0; i < threads.count(); ++i) {
      const size_t share = (limits.max_idle_connections + threads.count() - 1) / threads.count();
      pools.push_back(std::make_shared<ConnectionPool>(threads.at(i), share, limits.idle_timeout, stats));
      const Http2ClientConnection::Times times = {limits.http2_ping_after, limits.http2_ping_timeout};
      http2_pools.push_back(std::make_shared<Http2Pool>(pools.back(), times));
    }
  }

  Result<std::shared_ptr<boost::asio::ssl::context>> tls_for(const TlsClientOptions& options, const std::string& key) {
    const std::lock_guard lock(mutex);
    if (const auto known = contexts.find(key); known != contexts.end()) return known->second;
    auto made = make_tls_client(options);
    if (!made) return std::move(made).error();
    if (contexts.size() >= 64) contexts.clear();  // calls under way keep theirs
    contexts.emplace(key, *made);
    return made;
  }

  IoThreads& threads;
  Executor& executor;
  const ClientLimits limits;
  ClientStats stats;
  std::vector<std::shared_ptr<ConnectionPool>> pools;  // one a network thread
  std::vector<std::shared_ptr<Http2Pool>> http2_pools;
  std::mutex mutex;
  std::condition_variable changed;
  bool stopped = false;
  std::unordered_map<std::string, std::shared_ptr<boost::asio::ssl::context>> contexts;
  std::unordered_map<const Call*, std::shared_ptr<Call>> calls;
};

Client::Client(IoThreads& threads, Executor& executor, ClientLimits limits)
    : shared_(std::make_shared<Shared>(threads, executor, std::move(limits))) {}

Client::~Client() { stop(); }

Result<std::shared_ptr<ClientCall>> Client::request(ClientRequest request, Done done) {
  return begin(std::move(request), nullptr, std::move(done));
}

Result<std::shared_ptr<ClientCall>> Client::stream(ClientRequest request, OnPiece on_piece, Done done) {
  return begin(std::move(request), std::move(on_piece), std::move(done));
}

Result<std::shared_ptr<ClientCall>> Client::begin(ClientRequest request, OnPiece on_piece, Done done) {
  if (auto checked = check(request); !checked) return std::move(checked).error();
  auto url = parse_url(request.url);
  if (!url) return std::move(url).error();
  Call::Setup setup;
  setup.tls_key = tls_key(request.tls);
  if (request.proxy.any()) {
    auto proxy = ProxyRules::make(request.proxy);
    if (!proxy) return std::move(proxy).error();
    setup.proxy = std::move(*proxy);
  }
  if (url->scheme == "https") {
    auto tls = shared_->tls_for(request.tls, setup.tls_key);
    if (!tls) return std::move(tls).error().in(url->origin());
    setup.tls = std::move(*tls);
  }
  // Calls to one origin meet on one thread, where its idle connections are.
  const size_t thread = std::hash<std::string>()(url->origin()) % shared_->pools.size();
  setup.pool = shared_->pools[thread];
  setup.http2 = shared_->http2_pools[thread];
  setup.stats = &shared_->stats;
  setup.executor = &shared_->executor;
  setup.user_agent = shared_->limits.user_agent;
  setup.url = std::move(*url);
  setup.request = std::move(request);
  setup.on_piece = std::move(on_piece);
  setup.done = std::move(done);
  auto key = std::make_shared<const Call*>(nullptr);
  setup.over = [shared = shared_, key] {
    std::shared_ptr<Call> last;  // freed after the lock
    const std::lock_guard lock(shared->mutex);
    const auto entry = shared->calls.find(*key);
    last = std::move(entry->second);
    shared->calls.erase(entry);
    shared->changed.notify_all();
  };
  boost::asio::io_context& context = shared_->threads.at(thread);
  auto call = std::make_shared<Call>(context, std::move(setup));
  *key = call.get();
  {
    const std::lock_guard lock(shared_->mutex);
    if (shared_->stopped) return Error(TARSIER_CANCELLED, "the HTTP client is stopping");
    shared_->calls.emplace(call.get(), call);
  }
  std::shared_ptr<ClientCall> handle = std::make_shared<Handle>(call);
  boost::asio::post(context, [call = std::move(call)] { call->start(); });
  return handle;
}

void Client::stop() {
  std::unique_lock lock(shared_->mutex);
  if (std::exchange(shared_->stopped, true)) return;
  for (const auto& [key, call] : shared_->calls) call->cancel();
  shared_->changed.wait(lock, [&] { return shared_->calls.empty(); });
  lock.unlock();
  for (size_t i = 0; i < shared_->pools.size(); ++i) {
    boost::asio::post(shared_->threads.at(i), [shared = shared_, i] {
      shared->pools[i]->close();
      shared->http2_pools[i]->close();
    });
  }
}

const ClientStats& Client::stats() const { return shared_->stats; }

}  // namespace tarsier::net
