# shellcheck shell=bash
# IMAP, and the passwords of the submission server.

# Dovecot: IMAP, and SASL for the submission host.
cat > "$LAB/etc/dovecot.conf" <<E
instance_name = lab-$N
base_dir = $LAB/dovecot/run
state_dir = $LAB/dovecot/state
log_path = $LAB/log/dovecot.log
protocols = imap
listen = $N.0.143
ssl = yes
ssl_cert = <$LAB/tls/good.crt
ssl_key = <$LAB/tls/good.key
disable_plaintext_auth = yes
auth_mechanisms = plain login
first_valid_uid = 1
first_valid_gid = 1
mail_location = maildir:~/Maildir
passdb {
  driver = passwd-file
  args = scheme=PLAIN $LAB/etc/users
}
userdb {
  driver = static
  args = uid=$MAILUSER gid=$MAILUSER home=$LAB/mail/inbox.test/probe
}
service imap-login {
  process_min_avail = 1
  inet_listener imap {
    port = 1143
  }
  inet_listener imaps {
    port = 1993
    ssl = yes
  }
}
service auth {
  unix_listener $LAB/sub/spool/private/auth {
    mode = 0660
    user = postfix
    group = postfix
  }
}
# off: after one wrong password every later login from 127.0.0.1, good ones too, is held back 4 s and more
service anvil {
  unix_listener anvil-auth-penalty {
    mode = 0
  }
}
namespace inbox {
  inbox = yes
  mailbox Junk {
    special_use = \\Junk
    auto = subscribe
  }
}
E
# every account opens the one probe mailbox; scenarios are told apart by Message-ID
printf 'probe@inbox.test:secret\nsender@example.test:secret\n' > "$LAB/etc/users"
install -d -o $MAILUSER -g $MAILUSER "$LAB/mail/inbox.test/probe" "$LAB/mail/inbox.test"
