// Reads one JSON string a line, a vCard, and answers with one line: what KDE's address book has in its fields
// afterwards. The parser is KContacts, the one of KAddressBook and KMail.
#include <iostream>
#include <string>

#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>

#include <kcontacts/addressee.h>
#include <kcontacts/vcardconverter.h>

namespace {

QJsonObject fields(const KContacts::Addressee &person) {
    QJsonArray phones, messengers, keys, pages;
    for (const auto &phone : person.phoneNumbers()) {
        phones.append(phone.number());
    }
    for (const auto &messenger : person.imppList()) {
        messengers.append(messenger.address().toString());
    }
    for (const auto &key : person.keys()) {
        keys.append(key.textData());
    }
    for (const auto &page : person.extraUrlList()) {
        pages.append(page.url().toString());
    }
    const QJsonArray name{person.familyName(), person.givenName(), person.additionalName(), person.prefix(),
                          person.suffix()};
    return {{"uid", person.uid()},
            {"fn", person.formattedName()},
            {"n", name},
            {"nickname", person.nickName()},
            {"title", person.title()},
            {"role", person.role()},
            {"org", person.organization()},
            {"department", person.department()},
            {"note", person.note()},
            {"categories", QJsonArray::fromStringList(person.categories())},
            {"email", QJsonArray::fromStringList(person.emails())},
            {"tel", phones},
            {"impp", messengers},
            {"key", keys},
            {"url", pages}};
}

}  // namespace

int main() {
    for (std::string line; std::getline(std::cin, line);) {
        // A JSON document was an array or an object before RFC 7159, and Qt 5 reads nothing else.
        const auto text = QJsonDocument::fromJson(QByteArray::fromStdString("[" + line + "]")).array().at(0).toString();
        QJsonArray people;
        for (const auto &person : KContacts::VCardConverter().parseVCards(text.toUtf8())) {
            people.append(fields(person));
        }
        std::cout << QJsonDocument(people).toJson(QJsonDocument::Compact).toStdString() << std::endl;
    }
}
