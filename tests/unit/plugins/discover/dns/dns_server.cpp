#include "tests/unit/plugins/discover/dns/dns_server.hpp"

#include <array>
#include <fstream>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tarsier/result.hpp"

namespace tarsier::discover_dns {
namespace {

constexpr size_t kHead = 12;

sockaddr_in loopback(uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

bool bind_to(int socket, uint16_t port) {
  const sockaddr_in address = loopback(port);
  return ::bind(socket, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0;
}

uint16_t port_of(int socket) {
  sockaddr_in address{};
  socklen_t size = sizeof(address);
  if (::getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size) != 0) bug("getsockname failed");
  return ntohs(address.sin_port);
}

/// "A www.example" of a query, and where the question ends.
std::pair<std::string, size_t> question_of(const Bytes& query) {
  std::string name;
  size_t at = kHead;
  while (at < query.size() && query[at] != 0) {
    const auto length = static_cast<uint8_t>(query[at]);
    name += (name.empty() ? "" : ".") + query.substr(at + 1, length);
    at += 1U + length;
  }
  const std::map<uint8_t, std::string> kTypes = {{1, "A"}, {2, "NS"}, {15, "MX"}, {28, "AAAA"}, {33, "SRV"}};
  return {kTypes.at(static_cast<uint8_t>(query[at + 2])) + " " + name, at + 5};
}

}  // namespace

Bytes wire_u16(uint16_t value) { return {static_cast<char>(value >> 8U), static_cast<char>(value & 255U)}; }

Bytes wire_name(const std::string& name) {
  Bytes out;
  for (size_t begin = 0; begin < name.size();) {
    const size_t end = std::min(name.find('.', begin), name.size());
    out += static_cast<char>(end - begin);
    out += name.substr(begin, end - begin);
    begin = end + 1;
  }
  return out += '\0';
}

DnsServer::DnsServer() : stop_(::eventfd(0, EFD_CLOEXEC)) {
  for (int tries = 0; tries < 100; ++tries) {  // a port that is free for both
    udp_ = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    tcp_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (bind_to(udp_, 0)) {
      port_ = port_of(udp_);
      if (bind_to(tcp_, port_) && ::listen(tcp_, 16) == 0) {
        thread_ = std::thread([this] { run(); });
        return;
      }
    }
    ::close(udp_);
    ::close(tcp_);
  }
  bug("no port for a DNS server");
}

DnsServer::~DnsServer() {
  const uint64_t one = 1;
  if (::write(stop_, &one, sizeof(one)) < 0) bug("write to an eventfd failed");
  thread_.join();
  for (const int fd : {udp_, tcp_, stop_}) ::close(fd);
}

void DnsServer::put(const std::string& question, Reply reply) {
  const std::lock_guard guard(lock_);
  replies_[question] = std::move(reply);
}

std::vector<std::string> DnsServer::asked() const {
  const std::lock_guard guard(lock_);
  return asked_;
}

void DnsServer::forget() {
  const std::lock_guard guard(lock_);
  asked_.clear();
}

std::string DnsServer::resolv_conf(const std::string& more) const {
  std::string path = "/tmp/resolv-conf-XXXXXX";
  const int file = ::mkstemp(path.data());
  if (file < 0) bug("mkstemp failed");
  ::close(file);
  std::ofstream(path) << "nameserver 127.0.0.1:" << port_ << "\n" << more;
  return path;
}

void DnsServer::run() {
  while (true) {
    std::array<pollfd, 3> sockets = {{{udp_, POLLIN, 0}, {tcp_, POLLIN, 0}, {stop_, POLLIN, 0}}};
    ::poll(sockets.data(), sockets.size(), -1);
    if (sockets[2].revents != 0) return;
    if (sockets[1].revents != 0) serve_tcp();
    if (sockets[0].revents == 0) continue;
    Bytes query(4096, '\0');
    sockaddr_in from{};
    socklen_t size = sizeof(from);
    const auto received = ::recvfrom(udp_, query.data(), query.size(), 0, reinterpret_cast<sockaddr*>(&from), &size);
    if (received < static_cast<ssize_t>(kHead)) continue;
    query.resize(static_cast<size_t>(received));
    if (const Bytes reply = answer(query, false); !reply.empty())
      ::sendto(udp_, reply.data(), reply.size(), 0, reinterpret_cast<const sockaddr*>(&from), size);
  }
}

void DnsServer::serve_tcp() {
  const int client = ::accept4(tcp_, nullptr, nullptr, SOCK_CLOEXEC);
  std::array<unsigned char, 2> length{};
  Bytes query;
  if (::recv(client, length.data(), 2, MSG_WAITALL) == 2) query.resize(size_t{length[0]} * 256 + length[1]);
  if (query.size() >= kHead && ::recv(client, query.data(), query.size(), MSG_WAITALL) == static_cast<ssize_t>(query.size())) {
    const Bytes reply = answer(query, true);
    const Bytes framed = wire_u16(static_cast<uint16_t>(reply.size())) + reply;
    ::send(client, framed.data(), framed.size(), MSG_NOSIGNAL);
  }
  ::close(client);
}

Bytes DnsServer::answer(const Bytes& query, bool tcp) {
  const auto [question, end] = question_of(query);
  Reply reply{.rcode = 3};
  {
    const std::lock_guard guard(lock_);
    asked_.push_back(question + (tcp ? " by TCP" : ""));
    if (const auto known = replies_.find(question); known != replies_.end()) reply = known->second;
  }
  if (reply.silent) return {};
  if (!reply.raw.empty()) return query.substr(0, 2) + reply.raw;
  const bool cut = reply.only_by_tcp && !tcp;
  Bytes out = query.substr(0, 2) + static_cast<char>(cut ? 0x83 : 0x81) + static_cast<char>(0x80 | reply.rcode) + wire_u16(1) +
              wire_u16(cut ? 0 : static_cast<uint16_t>(reply.records.size())) + wire_u16(0) + wire_u16(0) +
              query.substr(kHead, end - kHead);
  if (cut) return out;
  for (const auto& [type, data] : reply.records)
    out += wire_u16(0xc00c) + wire_u16(type) + wire_u16(1) + wire_u16(0) + wire_u16(60) +
           wire_u16(static_cast<uint16_t>(data.size())) + data;
  return out;
}

}  // namespace tarsier::discover_dns
