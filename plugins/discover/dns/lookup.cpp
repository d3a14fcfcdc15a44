#include "plugins/discover/dns/lookup.hpp"

#include <algorithm>
#include <ares.h>
#include <arpa/inet.h>
#include <arpa/nameser.h>
#include <array>
#include <netdb.h>
#include <optional>
#include <sys/time.h>

#include "plugins/discover/dns/resolv_conf.hpp"
#include "tarsier/utf8.hpp"

namespace tarsier::discover_dns {
namespace {

constexpr int kServerTimeoutMs = 2000;  // of one server at the first try
constexpr int kTries = 2;
constexpr int kUdpAnswerBytes = 1232;  // what passes without fragments; what is larger comes by TCP

int type_number(RecordType type) {
  static constexpr std::array<int, 5> kNumbers = {ns_t_srv, ns_t_a, ns_t_aaaa, ns_t_mx, ns_t_ns};
  return kNumbers[static_cast<size_t>(type)];
}

/// "." as a target says that there is no such service.
void add_name(Records& out, const char* host, uint16_t port = 0) {
  std::string name = host == nullptr ? "" : host;
  while (name.ends_with('.')) name.pop_back();
  if (!name.empty() && is_utf8(name)) out.push_back({std::move(name), port});
}

int parse_srv(std::span<const uint8_t> answer, Records& out) {
  ares_srv_reply* list = nullptr;
  const int status = ares_parse_srv_reply(answer.data(), static_cast<int>(answer.size()), &list);
  for (const ares_srv_reply* entry = list; entry != nullptr; entry = entry->next) add_name(out, entry->host, entry->port);
  ares_free_data(list);
  return status;
}

int parse_mx(std::span<const uint8_t> answer, Records& out) {
  ares_mx_reply* list = nullptr;
  const int status = ares_parse_mx_reply(answer.data(), static_cast<int>(answer.size()), &list);
  for (const ares_mx_reply* entry = list; entry != nullptr; entry = entry->next) add_name(out, entry->host);
  ares_free_data(list);
  return status;
}

int parse_ns(std::span<const uint8_t> answer, Records& out) {
  hostent* found = nullptr;
  const int status = ares_parse_ns_reply(answer.data(), static_cast<int>(answer.size()), &found);
  if (found == nullptr) return status;
  for (char** name = found->h_aliases; *name != nullptr; ++name) add_name(out, *name);
  ares_free_hostent(found);
  return status;
}

const void* address(const ares_addrttl& entry) { return &entry.ipaddr; }
const void* address(const ares_addr6ttl& entry) { return &entry.ip6addr; }

/// Of IPv4 or IPv6: Entry is ares_addrttl or ares_addr6ttl.
template <class Entry, class Parse>
int parse_addresses(int family, Parse* parse, std::span<const uint8_t> answer, Records& out) {
  std::vector<Entry> entries(answer.size() / 12 + 1);  // no record is shorter
  int count = static_cast<int>(entries.size());
  const int status = parse(answer.data(), static_cast<int>(answer.size()), nullptr, entries.data(), &count);
  if (status != ARES_SUCCESS) return status;
  for (const Entry& entry : std::span(entries).first(static_cast<size_t>(count))) {
    std::array<char, INET6_ADDRSTRLEN> text{};
    if (inet_ntop(family, address(entry), text.data(), text.size()) != nullptr) out.push_back({text.data()});
  }
  return status;
}

}  // namespace

Parsed parse_answer(RecordType type, std::span<const uint8_t> answer) {
  Parsed parsed;
  switch (type) {
    case RecordType::srv:
      parsed.status = parse_srv(answer, parsed.records);
      break;
    case RecordType::mx:
      parsed.status = parse_mx(answer, parsed.records);
      break;
    case RecordType::ns:
      parsed.status = parse_ns(answer, parsed.records);
      break;
    case RecordType::a:
      parsed.status = parse_addresses<ares_addrttl>(AF_INET, ares_parse_a_reply, answer, parsed.records);
      break;
    case RecordType::aaaa:
      parsed.status = parse_addresses<ares_addr6ttl>(AF_INET6, ares_parse_aaaa_reply, answer, parsed.records);
      break;
  }
  return parsed;
}

std::string_view type_name(RecordType type) {
  static constexpr std::array<std::string_view, 5> kNames = {"SRV", "A", "AAAA", "MX", "NS"};
  return kNames[static_cast<size_t>(type)];
}

struct Lookup::Name {
  explicit Name(Lookup* its_lookup) : lookup(its_lookup) {}
  Lookup* lookup;
  std::vector<std::string> candidates;
  size_t next = 0;
  bool all_denied = true;  // every answer so far said that there is no such name
  std::string last_error;
  std::optional<Result<Records>> outcome;
};

struct Lookup::Channel {
  Channel() = default;
  Channel(const Channel&) = delete;
  Channel& operator=(const Channel&) = delete;
  ~Channel() {
    if (raw != nullptr) ares_destroy(raw);
  }
  Result<void> open(std::string resolv_conf, const std::vector<std::string>& servers) {
    ares_options options{};
    options.flags = ARES_FLAG_EDNS;
    options.ednspsz = kUdpAnswerBytes;
    options.timeout = kServerTimeoutMs;
    options.tries = kTries;
    options.resolvconf_path = resolv_conf.data();
    const int status = ares_init_options(
        &raw, &options, ARES_OPT_FLAGS | ARES_OPT_EDNSPSZ | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_RESOLVCONF);
    if (status != ARES_SUCCESS) return Error::unavailable("no DNS: " + std::string(ares_strerror(status)));
    std::string usable;  // c-ares takes all or none, and has no form for some, e.g. addresses with a scope
    for (const std::string& server : servers)
      if (ares_set_servers_ports_csv(raw, server.c_str()) == ARES_SUCCESS) usable += (usable.empty() ? "" : ",") + server;
    if (usable.empty() || ares_set_servers_ports_csv(raw, usable.c_str()) != ARES_SUCCESS)
      return Error::unavailable("no usable nameserver in " + resolv_conf);
    return {};
  }
  ares_channel raw = nullptr;
};

Lookup::Lookup(Question question)
    : question_(std::move(question)), deadline_(Clock::now() + question_.timeout), open_(question_.names.size()) {}

Lookup::~Lookup() = default;

void Lookup::begin() {
  for (size_t i = 0; i < question_.names.size(); ++i) names_.push_back(std::make_unique<Name>(this));
  channel_ = std::make_unique<Channel>();
  const auto conf = ResolvConf::read(question_.resolv_conf);
  const Result<void> opened = conf ? channel_->open(question_.resolv_conf, conf->servers) : Result<void>(conf.error());
  if (!opened) return cancel(opened.error());
  for (size_t i = 0; i < names_.size(); ++i) {
    names_[i]->candidates = conf->candidates(question_.names[i]);
    send(*names_[i]);
  }
}

void Lookup::send(Name& name) {
  if (cancelled_) return settle(name, Error(TARSIER_CANCELLED, "the question was given up"));
  if (name.next == name.candidates.size()) {
    if (name.all_denied) return settle(name, Records{});
    return settle(name, Error::unavailable("could not resolve " + name.candidates.back() + ": " + name.last_error));
  }
  const std::string& asked = name.candidates[name.next++];
  ares_query(
      channel_->raw, asked.c_str(), ns_c_in, type_number(question_.type),
      [](void* user, int status, int, unsigned char* answer, int size) {
        auto& target = *static_cast<Name*>(user);
        target.lookup->take(target, status, {answer, answer == nullptr ? 0 : static_cast<size_t>(size)});
      },
      &name);
}

/// The first name that exists is the answer. A server that fails may hide it: then nothing is known.
void Lookup::take(Name& name, int status, std::span<const uint8_t> answer) {
  if (status == ARES_ENODATA) return settle(name, Records{});
  if (status == ARES_SUCCESS) {
    Parsed parsed = parse_answer(question_.type, answer);
    status = parsed.status;
    if (status == ARES_SUCCESS) return settle(name, std::move(parsed.records));
    if (status == ARES_ENODATA) return settle(name, Records{});
  }
  if (status != ARES_ENOTFOUND) {
    name.all_denied = false;
    name.last_error = ares_strerror(status);
  }
  send(name);
}

void Lookup::settle(Name& name, Result<Records> outcome) {
  if (name.outcome) return;
  name.outcome = std::move(outcome);
  --open_;
}

void Lookup::add_sockets(std::vector<pollfd>& sockets) const {
  std::array<ares_socket_t, ARES_GETSOCK_MAXNUM> all{};
  const auto bits = static_cast<unsigned>(ares_getsock(channel_->raw, all.data(), ARES_GETSOCK_MAXNUM));
  for (size_t i = 0; i < all.size(); ++i) {
    const bool readable = ARES_GETSOCK_READABLE(bits, i) != 0, writable = ARES_GETSOCK_WRITABLE(bits, i) != 0;
    if (readable || writable)
      sockets.push_back({all[i], static_cast<short>((readable ? POLLIN : 0) | (writable ? POLLOUT : 0)), 0});
  }
}

Clock::time_point Lookup::next_time() const {
  timeval room{};
  const timeval* due = ares_timeout(channel_->raw, nullptr, &room);
  if (due == nullptr) return deadline_;
  return std::min(deadline_, Clock::now() + std::chrono::seconds(due->tv_sec) + std::chrono::microseconds(due->tv_usec));
}

void Lookup::process(std::span<const pollfd> sockets) {
  ares_process_fd(channel_->raw, ARES_SOCKET_BAD, ARES_SOCKET_BAD);  // what is overdue
  for (const pollfd& socket : sockets) {
    if (socket.revents == 0) continue;
    const bool broken = (socket.revents & (POLLERR | POLLHUP | POLLNVAL)) != 0;
    const bool readable = (socket.revents & POLLIN) != 0 || (broken && (socket.events & POLLIN) != 0);
    const bool writable = (socket.revents & POLLOUT) != 0 || (broken && (socket.events & POLLOUT) != 0);
    ares_process_fd(channel_->raw, readable ? socket.fd : ARES_SOCKET_BAD, writable ? socket.fd : ARES_SOCKET_BAD);
  }
  if (!finished() && Clock::now() >= deadline_) cancel(Error(TARSIER_DEADLINE, "no answer from the DNS in time"));
}

void Lookup::cancel(const Error& why) {
  cancelled_ = true;
  for (const auto& name : names_) settle(*name, why);
  if (channel_ != nullptr && channel_->raw != nullptr) ares_cancel(channel_->raw);
}

void Lookup::report() {
  std::vector<Result<Records>> answers;
  answers.reserve(names_.size());
  for (const auto& name : names_) answers.push_back(std::move(*name->outcome));
  question_.done(std::move(answers));
}

}  // namespace tarsier::discover_dns
