// Server: listening sockets, the count of connections, and the orderly end.
#include "plugins/lib/http/server.hpp"

#include <algorithm>
#include <charconv>
#include <condition_variable>
#include <cstring>
#include <dirent.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>
#include <unordered_map>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include "plugins/lib/http/connection.hpp"
#include "plugins/lib/http/socket_transport.hpp"

namespace tarsier::net {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

std::string text_of(const tcp::endpoint& endpoint) {
  const std::string host = endpoint.address().to_string();
  return (endpoint.address().is_v6() ? "[" + host + "]" : host) + ":" + std::to_string(endpoint.port());
}

bool listens_at(int fd, const tcp::endpoint& endpoint) {
  int listening = 0;
  socklen_t size = sizeof(listening);
  if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &size) != 0 || listening == 0) return false;
  tcp::endpoint other;
  socklen_t length = static_cast<socklen_t>(other.capacity());
  if (getsockname(fd, other.data(), &length) != 0) return false;
  other.resize(length);
  return other == endpoint;
}

/// Another descriptor of the socket that this process has listening there already, or -1. The former configuration, or the former
/// version of the plugin, has it: with one queue between the two, no client is lost when the former closes its own. (SO_REUSEPORT
/// would give each a queue, lose what waits in the one that is closed, and let in other processes of the same user.)
int share_listening_socket(const tcp::endpoint& endpoint) {
  int shared = -1;
  DIR* folder = opendir("/proc/self/fd");
  if (folder == nullptr) return -1;
  while (const dirent* entry = readdir(folder)) {
    int fd = -1;
    std::from_chars(entry->d_name, entry->d_name + std::strlen(entry->d_name), fd);
    if (fd < 0 || !listens_at(fd, endpoint)) continue;
    shared = fcntl(fd, F_DUPFD_CLOEXEC, 0);
    if (shared >= 0 && listens_at(shared, endpoint)) break;  // it could have been closed, and the number used again, in between
    if (shared >= 0) ::close(shared);
    shared = -1;
  }
  closedir(folder);
  return shared;
}

asio::detail::socket_option::boolean<IPPROTO_IPV6, IPV6_V6ONLY> v6_only() {
  return asio::detail::socket_option::boolean<IPPROTO_IPV6, IPV6_V6ONLY>(true);
}

/// Binds and listens, or joins the socket of this process that does.
error_code listen_at(tcp::acceptor& acceptor, const tcp::endpoint& endpoint) {
  error_code ec;
  acceptor.open(endpoint.protocol(), ec);
  if (!ec) acceptor.set_option(tcp::acceptor::reuse_address(true), ec);
  if (!ec && endpoint.address().is_v6()) acceptor.set_option(v6_only(), ec);
  if (!ec) acceptor.bind(endpoint, ec);
  if (!ec) acceptor.listen(asio::socket_base::max_listen_connections, ec);
  if (ec != asio::error::address_in_use) return ec;
  const int shared = share_listening_socket(endpoint);
  if (shared < 0) return ec;
  error_code ignored;  // nothing is lost with a socket that could not be bound
  acceptor.close(ignored);
  ec = {};
  acceptor.assign(endpoint.protocol(), shared, ec);
  if (ec) ::close(shared);
  return ec;
}

}  // namespace

/// What listeners and connections share with the server; outlives it while a late callback still holds it.
struct Server::Shared {
  Shared(IoThreads& the_threads, Executor& the_executor, Log& the_log)
      : threads(the_threads), executor(the_executor), log(the_log) {}
  IoThreads& threads;
  Executor& executor;
  Log& log;
  std::atomic<bool> draining{false};
  std::mutex mutex;
  std::condition_variable changed;
  size_t open = 0;  // listeners and connections
  uint64_t next_id = 0;
  std::unordered_map<uint64_t, std::shared_ptr<Connection>> connections;

  void one_more() {
    const std::lock_guard lock(mutex);
    ++open;
  }
  void one_less() {
    const std::lock_guard lock(mutex);
    --open;
    changed.notify_all();
  }
  bool wait_for_none(std::chrono::steady_clock::time_point deadline) {
    std::unique_lock lock(mutex);
    return changed.wait_until(lock, deadline, [&] { return open == 0; });
  }
  template <class F>
  void each_connection(F&& call) {
    const std::lock_guard lock(mutex);
    for (const auto& [id, connection] : connections) call(*connection);
  }
};

struct Server::Listener : std::enable_shared_from_this<Server::Listener> {
  Listener(std::shared_ptr<Shared> the_shared, EntrypointOptions the_options, RequestHandler& the_handler)
      : shared(std::move(the_shared)),
        options(std::make_shared<const EntrypointOptions>(std::move(the_options))),
        handler(the_handler),
        context(shared->threads.next()),
        acceptor(context),
        pause(context) {}

  Result<std::string> open(const tcp::endpoint& endpoint) {
    const auto failed = [&](const char* what, const error_code& ec) {
      return Error::unavailable(std::string(what) + " " + options->address + ": " + ec.message());
    };
    error_code ec = listen_at(acceptor, endpoint);
    if (ec) return failed("listen on", ec);
    const tcp::endpoint bound = acceptor.local_endpoint(ec);
    if (ec) return failed("read the address of", ec);
    shared->one_more();
    asio::post(context, [self = shared_from_this()] { self->accept(); });
    return text_of(bound);
  }

  void accept() {
    asio::io_context& target = shared->threads.next();
    acceptor.async_accept(target, [self = shared_from_this(), &target](error_code ec, tcp::socket socket) {
      if (!ec) self->take(target, std::move(socket));
      if (self->closed) return self->over();
      if (!ec) return self->accept();
      if (ec == asio::error::connection_aborted || ec == asio::error::interrupted) return self->accept();
      // Out of file descriptors or memory: connections that end give some back.
      self->shared->log.write(TARSIER_LOG_WARN, "accept failed", {{"entrypoint", self->options->name}, {"error", ec.message()}});
      self->pause.expires_after(std::chrono::milliseconds(100));
      self->pause.async_wait([self](error_code) { self->closed ? self->over() : self->accept(); });
    });
  }

  void take(asio::io_context& target, tcp::socket socket) {
    error_code ec;
    const tcp::endpoint remote = socket.remote_endpoint(ec);
    if (ec) return;  // it went before it was taken
    stats->accepted.fetch_add(1, std::memory_order_relaxed);
    if (stats->connections.load(std::memory_order_relaxed) >= static_cast<int64_t>(options->limits.max_connections)) {
      stats->refused.fetch_add(1, std::memory_order_relaxed);
      static constexpr std::string_view kFull =
          "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 21\r\nRetry-After: 1\r\nConnection: close\r\n\r\ntoo many "
          "connections\n";
      if (!options->tls) ::send(socket.native_handle(), kFull.data(), kFull.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
      return;
    }
    socket.set_option(tcp::no_delay(true), ec);
    stats->connections.fetch_add(1, std::memory_order_relaxed);
    shared->one_more();
    Connection::Setup setup;
    setup.options = options;
    setup.stats = stats;
    setup.handler = &handler;
    setup.executor = &shared->executor;
    setup.log = &shared->log;
    setup.draining = &shared->draining;
    setup.remote = text_of(remote);
    setup.secure = options->tls != nullptr;
    StreamSocket stream(std::move(socket));
    auto transport = options->tls ? make_tls_server_transport(target, std::move(stream), options->tls->current())
                                  : make_plain_transport(target, std::move(stream));
    asio::post(target, [self = shared_from_this(), transport, setup = std::move(setup)]() mutable {
      self->serve(transport, std::move(setup));
    });
  }

  void serve(const std::shared_ptr<Transport>& transport, Connection::Setup setup) {
    const uint64_t id = [&] {
      const std::lock_guard lock(shared->mutex);
      return shared->next_id++;
    }();
    auto connection = serve_connection(transport, std::move(setup), [self = shared_from_this(), id] {
      self->stats->connections.fetch_sub(1, std::memory_order_relaxed);
      const std::lock_guard lock(self->shared->mutex);
      self->shared->connections.erase(id);
      --self->shared->open;
      self->shared->changed.notify_all();
    });
    const std::lock_guard lock(shared->mutex);
    shared->connections.emplace(id, std::move(connection));
  }

  void close() {
    asio::post(context, [self = shared_from_this()] {
      self->closed = true;
      error_code ignored;  // closing is all that is wanted
      self->acceptor.close(ignored);
      self->pause.cancel();
    });
  }
  void over() { shared->one_less(); }

  const std::shared_ptr<Shared> shared;
  const std::shared_ptr<const EntrypointOptions> options;
  const std::shared_ptr<EntrypointStats> stats = std::make_shared<EntrypointStats>();
  RequestHandler& handler;
  asio::io_context& context;
  tcp::acceptor acceptor;
  asio::steady_timer pause;
  bool closed = false;  // of the network thread
};

Result<HostPort> parse_address(const std::string& address) {
  auto parts = split_host_port(address);
  if (!parts || parts->port.empty() || parts->host.empty()) {
    return Error::invalid("address '" + address + "': expected \"host:port\", such as \"127.0.0.1:9090\" or \"[::1]:9090\"");
  }
  if (!is_address(parts->host) && !is_loopback(parts->host)) {
    return Error::invalid("address '" + address + "': expected an IP address or localhost before the port");
  }
  return std::move(*parts);
}

Server::Server(IoThreads& threads, Executor& executor, Log& log) : shared_(std::make_shared<Shared>(threads, executor, log)) {}

Server::~Server() { stop(std::chrono::steady_clock::now()); }

Result<std::string> Server::listen(EntrypointOptions options, RequestHandler& handler) {
  auto parts = parse_address(options.address);
  if (!parts) return std::move(parts).error();
  const std::string host = is_address(parts->host) ? parts->host : "127.0.0.1";
  error_code ec;
  const auto address = asio::ip::make_address(host, ec);
  if (ec) return Error::invalid("address '" + options.address + "': " + ec.message());
  unsigned short port = 0;
  std::from_chars(parts->port.data(), parts->port.data() + parts->port.size(), port);
  auto listener = std::make_shared<Listener>(shared_, std::move(options), handler);
  auto bound = listener->open({address, port});
  if (!bound) return std::move(bound).error();
  const std::lock_guard lock(listeners_mutex_);
  listeners_.push_back(std::move(listener));
  return bound;
}

void Server::retire() {
  shared_->draining.store(true);
  {
    const std::lock_guard lock(listeners_mutex_);
    for (const auto& listener : listeners_) listener->close();
    listeners_.clear();
  }
  shared_->each_connection([](Connection& connection) { connection.drain(); });
}

bool Server::ended() const {
  const std::lock_guard lock(shared_->mutex);
  return shared_->open == 0;
}

bool Server::wait_ended(std::chrono::steady_clock::time_point deadline) { return shared_->wait_for_none(deadline); }

bool Server::stop(std::chrono::steady_clock::time_point deadline) {
  retire();
  if (wait_ended(deadline)) return true;
  shared_->each_connection([](Connection& connection) { connection.kill(); });
  shared_->wait_for_none(std::chrono::steady_clock::now() + std::chrono::seconds(5));
  return false;
}

std::shared_ptr<const EntrypointStats> Server::stats(const std::string& entrypoint) const {
  const std::lock_guard lock(listeners_mutex_);
  for (const auto& listener : listeners_) {
    if (listener->options->name == entrypoint) return listener->stats;
  }
  return nullptr;
}

}  // namespace tarsier::net
