// tarsier/machine.hpp - looking at this machine from suggest(): who listens where, and a page by HTTP, without an instance. Nothing
// is changed, and everything has an end in time. Without root the names of other users' processes stay unknown.
#pragma once

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <charconv>
#include <cstdint>
#include <dirent.h>
#include <fstream>
#include <iterator>
#include <map>
#include <sstream>
#include <string>
#include <string_view>
#include <unistd.h>
#include <vector>

namespace tarsier::machine {

/// The whole file; "" when it cannot be read. Also of /proc, where sizes say nothing.
inline std::string read_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

/// The names in a directory, in no order; none when there is no such directory.
inline std::vector<std::string> entries(const std::string& directory) {
  std::vector<std::string> names;
  DIR* const open = ::opendir(directory.c_str());
  if (open == nullptr) return names;
  while (const dirent* entry = ::readdir(open)) {
    const std::string name = static_cast<const char*>(entry->d_name);
    if (name != "." && name != "..") names.push_back(name);
  }
  ::closedir(open);
  return names;
}

/// Who answers at an address of this machine.
struct Listener {
  std::string address;  ///< where to connect: "127.0.0.1:5432", "[::1]:5432", "/run/docker.sock"
  uint16_t port = 0;    ///< 0: a socket in the file system
  std::string program;  ///< "postgres"; "" when that may not be seen
  int64_t process = 0;
};

struct Process {
  int64_t id = 0;
  std::string program;  ///< "nginx"
};

namespace detail {

/// "postgres", "prometheus-node-exporter".
inline std::string program_of(const std::string& folder) {
  std::string name = read_file(folder + "/comm");
  while (!name.empty() && name.back() == '\n') name.pop_back();
  std::string line = read_file(folder + "/cmdline");
  line.resize(std::min(line.find_first_of(std::string_view("\0 ", 2)), line.size()));
  if (const size_t slash = line.rfind('/'); slash != std::string::npos) line.erase(0, slash + 1);
  // The kernel cuts names at 15 letters; the command line has them whole, where it begins alike.
  constexpr size_t kCut = 15;
  return name.size() == kCut && line.starts_with(name) ? line : name;
}

/// The number that is a folder's name; 0 for others.
inline int64_t process_of(const std::string& name) {
  int64_t process = 0;
  const auto read = std::from_chars(name.data(), name.data() + name.size(), process);
  return read.ec == std::errc{} && read.ptr == name.data() + name.size() ? process : 0;
}

using Owners = std::map<std::string, Process, std::less<>>;

/// By the socket's inode.
inline Owners socket_owners(const std::string& proc) {
  Owners owners;
  for (const std::string& name : entries(proc)) {
    const int64_t process = process_of(name);
    if (process == 0) continue;
    const std::string folder = proc + "/" + name;
    for (const std::string& fd : entries(folder + "/fd")) {
      std::array<char, 64> link{};
      const ssize_t size = ::readlink((folder + "/fd/" + fd).c_str(), link.data(), link.size());
      const std::string_view text(link.data(), size > 0 ? static_cast<size_t>(size) : 0);
      if (!text.starts_with("socket:[") || !text.ends_with("]")) continue;
      // The parent of a family of processes comes first: a server, not one of its workers.
      const std::string inode(text.substr(8, text.size() - 9));
      const auto known = owners.find(inode);
      if (known == owners.end() || process < known->second.id) owners[inode] = {process, program_of(folder)};
    }
  }
  return owners;
}

/// "0100007F:1538" of /proc/net/tcp as text; the loopback address for who listens everywhere. "" for what cannot be read.
inline std::string address_of(std::string_view text, uint16_t& port) {
  const size_t colon = text.find(':');
  if (colon != 8 && colon != 32) return {};
  const std::string_view number = text.substr(colon + 1);
  if (std::from_chars(number.data(), number.data() + number.size(), port, 16).ec != std::errc{}) return {};
  std::array<uint32_t, 4> words{};  // each lies in memory as in the network, whatever number that makes
  for (size_t i = 0; i < colon / 8; ++i)
    if (std::from_chars(text.data() + i * 8, text.data() + i * 8 + 8, words.at(i), 16).ec != std::errc{}) return {};
  const bool everywhere = words == std::array<uint32_t, 4>{};
  std::array<char, INET6_ADDRSTRLEN> name{};
  if (everywhere || ::inet_ntop(colon == 8 ? AF_INET : AF_INET6, words.data(), name.data(), name.size()) == nullptr)
    return "127.0.0.1:" + std::to_string(port);
  std::string host = name.data();
  constexpr std::string_view kMapped = "::ffff:";
  if (host.starts_with(kMapped) && host.find('.') != std::string::npos) host.erase(0, kMapped.size());
  return (host.find(':') == std::string::npos ? host : "[" + host + "]") + ":" + std::to_string(port);
}

/// Once for [::]:80 beside 0.0.0.0:80, and for the many sockets that one program has at a port.
inline void add_listener(const std::string& address, uint16_t port, const std::string& inode, const Owners& owners,
                         std::vector<Listener>& out) {
  for (const Listener& each : out)
    if (each.address == address) return;
  const auto owner = owners.find(inode);
  const bool known = owner != owners.end();
  out.push_back({address, port, known ? owner->second.program : std::string(), known ? owner->second.id : 0});
}

inline void read_tcp(const std::string& proc, const char* table, const Owners& owners, std::vector<Listener>& out) {
  std::istringstream lines(read_file(proc + "/net/" + table));
  std::string line;
  std::getline(lines, line);  // the head
  while (std::getline(lines, line)) {
    std::istringstream words(line);
    std::string number, local, remote, state, queues, timer, retransmits, user, timeout, inode;
    words >> number >> local >> remote >> state >> queues >> timer >> retransmits >> user >> timeout >> inode;
    if (state != "0A") continue;
    uint16_t port = 0;
    const std::string address = address_of(local, port);
    if (!address.empty()) add_listener(address, port, inode, owners, out);
  }
}

inline void read_unix(const std::string& proc, const Owners& owners, std::vector<Listener>& out) {
  constexpr std::string_view kListens = "00010000";
  std::istringstream lines(read_file(proc + "/net/unix"));
  std::string line;
  std::getline(lines, line);
  while (std::getline(lines, line)) {
    std::istringstream words(line);
    std::string number, references, protocol, flags, type, state, inode, path;
    words >> number >> references >> protocol >> flags >> type >> state >> inode >> path;
    if (flags == kListens && path.starts_with('/')) add_listener(path, 0, inode, owners, out);
  }
}

}  // namespace detail

/// Everybody's, by their numbers; who owns a process does not matter for its name.
inline std::vector<Process> processes(const std::string& proc = "/proc") {
  std::vector<Process> out;
  for (const std::string& name : entries(proc))
    if (const int64_t process = detail::process_of(name); process != 0)
      out.push_back({process, detail::program_of(proc + "/" + name)});
  std::sort(out.begin(), out.end(), [](const Process& left, const Process& right) { return left.id < right.id; });
  return out;
}

/// TCP first, then sockets in the file system, as the kernel lists them.
inline std::vector<Listener> listeners(const std::string& proc = "/proc") {
  const auto owners = detail::socket_owners(proc);
  std::vector<Listener> out;
  detail::read_tcp(proc, "tcp", owners, out);
  detail::read_tcp(proc, "tcp6", owners, out);
  detail::read_unix(proc, owners, out);
  return out;
}

}  // namespace tarsier::machine
